/* cnrt.h in a C99 program: what a C user of the runtime writes. */
#include <cnrt.h>

static const char* step = "";

const char* cnrt_c99_step(void) { return step; }

/* 0, or the line of what went wrong. */
#define EXPECT(condition)              \
  do {                                 \
    step = #condition;                 \
    if (!(condition)) return __LINE__; \
  } while (0)

int cnrt_c99_program(void) {
  unsigned int count = 0;
  float host[64], back[64];
  void* device = NULL;
  cnrtQueue_t queue;
  cnrtNotifier_t start, end;
  cnrtDev_t dev;
  cnrtDim3_t dim = {1, 1, 1};
  cnrtFunctionType_t type = CNRT_FUNC_TYPE_UNION1;
  float us = -1;
  int i;

  for (i = 0; i < 64; ++i) host[i] = (float)i;
  EXPECT(dim.x * dim.y * dim.z == 1 && type == cnrtFuncTypeUnion1);
  EXPECT(cnrtInit(0) == CNRT_RET_SUCCESS);
  EXPECT(cnrtGetDeviceCount(&count) == cnrtSuccess && count > 0);
  EXPECT(cnrtGetDeviceHandle(&dev, 0) == CNRT_RET_SUCCESS);
  EXPECT(cnrtSetCurrentDevice(dev) == CNRT_RET_SUCCESS);
  EXPECT(cnrtCreateQueue(&queue) == CNRT_RET_SUCCESS);
  EXPECT(cnrtCreateNotifier(&start) == CNRT_RET_SUCCESS);
  EXPECT(cnrtCreateNotifier(&end) == CNRT_RET_SUCCESS);
  EXPECT(cnrtMalloc(&device, sizeof(host)) == CNRT_RET_SUCCESS);
  EXPECT(cnrtMemcpy(device, host, sizeof(host), CNRT_MEM_TRANS_DIR_HOST2DEV) == CNRT_RET_SUCCESS);
  EXPECT(cnrtPlaceNotifier(start, queue) == CNRT_RET_SUCCESS);
  EXPECT(cnrtMemsetAsync(device, 0, 4, queue) == CNRT_RET_SUCCESS);
  EXPECT(cnrtPlaceNotifier(end, queue) == CNRT_RET_SUCCESS);
  EXPECT(cnrtSyncQueue(queue) == CNRT_RET_SUCCESS);
  EXPECT(cnrtNotifierDuration(start, end, &us) == CNRT_RET_SUCCESS && us >= 0);
  EXPECT(cnrtMemcpy(back, device, sizeof(back), cnrtMemcpyDevToHost) == cnrtSuccess);
  EXPECT(back[0] == 0 && back[63] == 63);
  CNRT_CHECK(cnrtFree(device));
  EXPECT(cnrtDestroyNotifier(&start) == CNRT_RET_SUCCESS);
  EXPECT(cnrtDestroyNotifier(&end) == CNRT_RET_SUCCESS);
  EXPECT(cnrtDestroyQueue(queue) == CNRT_RET_SUCCESS);
  return 0;
}
