#ifndef REEL_CNRT_H
#define REEL_CNRT_H

/* The runtime of Cambricon cards as programs see it, on simulated devices. Valid C99 and C++17.
 *
 * Names and values are those of CNRT 6; those of CNRT 4 that differ stand at the end. What differs
 * from a card:
 *  - Notifiers tell simulated time: what the cycle model gives for the kernels in a queue. Copies
 *    between host and device take none.
 *  - CNRT_RET_* are the codes that the functions return today (CNRT_RET_ERR_BUSY is
 *    cnrtErrorNotReady), or else comparisons of old programs would never hold.
 *  - A failure of a kernel is reported once, by the first call that waits for its queue.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
/* Programs count on these two, which the real header needs for CNRT_CHECK. */
#include <stdio.h>
#include <stdlib.h>

#define CNRT_MAJOR_VERSION 6
#define CNRT_MINOR_VERSION 0
#define CNRT_PATCH_VERSION 0
#define CNRT_VERSION (CNRT_MAJOR_VERSION * 10000 + CNRT_MINOR_VERSION * 100 + CNRT_PATCH_VERSION)

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Types ---------------------------------------------------------------------------------- */

typedef enum cnrtError {
  cnrtSuccess = 0,
  cnrtErrorNotReady = 1,
  cnrtErrorInit = 100002,
  cnrtErrorNoDevice = 100004,
  cnrtErrorDeviceInvalid = 100005,
  cnrtErrorArgsInvalid = 100006,
  cnrtErrorSys = 100007,
  cnrtErrorSysNoMem = 100010,
  cnrtErrorInvalidResourceHandle = 100014,
  cnrtErrorIllegalState = 100015,
  cnrtErrorNotSupport = 100050,
  cnrtErrorOpsNotPermitted = 100051,
  cnrtErrorQueue = 100060,
  cnrtErrorNoMem = 100100,
  cnrtErrorAssert = 100128,
  cnrtErrorKernelTrap = 100132,
  cnrtErrorKernelUserTrap = 100133,
  cnrtErrorNotFound = 100301,
  cnrtErrorInvalidKernel = 100302,
  cnrtErrorUnsupportedKernelVersion = 100303,
  cnrtErrorNoKernel = 101312,
  cnrtErrorNoModule = 101315,
  cnrtErrorSetOnActiveProcess = 632002,
  cnrtErrorDevice = 632006,
  cnrtErrorNoAttribute = 632009,
  cnrtErrorMemcpyDirectionInvalid = 632013,
  cnrtErrorBusy = 632014,
  cnrtErrorCndrvFuncCall = 632015,
  cnrtErrorCndevFuncCall = 632017,
  cnrtErrorNoCnrtContext = 632019,
  cnrtErrorCndrvFuncNotFound = 632020,
  cnrtErrorInvalidSymbol = 632100,
  cnrtErrorUnknown = 999991,
  cnrtErrorMax,

  CNRT_RET_SUCCESS = cnrtSuccess,
  CNRT_RET_ERR_NOT_READY = cnrtErrorNotReady,
  CNRT_RET_ERR_BUSY = cnrtErrorNotReady,
  CNRT_RET_ERR_AGAIN = cnrtErrorNotReady,
  CNRT_RET_ERR_INVALID = cnrtErrorArgsInvalid,
  CNRT_RET_ERR_INVALID_POINTER = cnrtErrorArgsInvalid,
  CNRT_RET_ERR_OUT_RANGE = cnrtErrorArgsInvalid,
  CNRT_RET_ERR_MEMCPY = cnrtErrorArgsInvalid,
  CNRT_RET_ERR_FAULT = cnrtErrorArgsInvalid,
  CNRT_RET_ERR_INVALID_TYPE = cnrtErrorMemcpyDirectionInvalid,
  CNRT_RET_ERR_NOMEM = cnrtErrorNoMem,
  CNRT_RET_ERR_NODEV = cnrtErrorDeviceInvalid,
  CNRT_RET_ERR_SYS = cnrtErrorSys,
  CNRT_RET_ERR_NORES = cnrtErrorSysNoMem,
  CNRT_RET_ERR_ACCES = cnrtErrorOpsNotPermitted,
  CNRT_RET_ERR_ACCESS = cnrtErrorOpsNotPermitted,
  CNRT_RET_ERR_INVALID_OP = cnrtErrorOpsNotPermitted,
  CNRT_RET_ERR_UNSUPPORTED = cnrtErrorNotSupport,
  CNRT_RET_ERR_NOSYS = cnrtErrorNotSupport,
  CNRT_RET_ERR_NO_EXIST = cnrtErrorNotFound,
  CNRT_RET_ERR_INIT = cnrtErrorInit,
  CNRT_RET_ERR_QUEUE = cnrtErrorInvalidResourceHandle,
  CNRT_RET_ERR_STREAM = cnrtErrorInvalidResourceHandle,
  CNRT_RET_ERR_NOTIFIER = cnrtErrorInvalidResourceHandle,
  CNRT_RET_ERR_EVENT = cnrtErrorInvalidResourceHandle,
  CNRT_RET_ERR_MLU = cnrtErrorKernelTrap,
  CNRT_RET_ERR_ONCHIP_CORE = cnrtErrorKernelTrap,
  CNRT_RET_ERR_FUNC_CALL = cnrtErrorInvalidKernel,
  CNRT_RET_ERR_UNHANDLED = cnrtErrorUnknown,
  CNRT_RET_ERR_UNKNOWN = cnrtErrorUnknown,
  CNRT_RET_ERR_MAX = cnrtErrorMax
} cnrtRet_t;

typedef struct {
  unsigned int x, y, z;
} cnrtDim3_t;

/* How many cores work on a task together. */
typedef enum {
  cnrtFuncTypeMutable = -1,
  cnrtFuncTypeBlock = 1,
  cnrtFuncTypeBlock0 = cnrtFuncTypeBlock,
  cnrtFuncTypeBlock1 = 2,
  cnrtFuncTypeUnion1 = 4,
  cnrtFuncTypeUnion2 = 8,
  cnrtFuncTypeUnion4 = 16,
  cnrtFuncTypeUnion8 = 32,
  cnrtFuncTypeUnion16 = 64,
  cnrtJobTypeBlock = cnrtFuncTypeBlock,
  cnrtJobTypeUnion1 = cnrtFuncTypeUnion1,
  cnrtJobTypeUnion2 = cnrtFuncTypeUnion2,
  cnrtJobTypeUnion4 = cnrtFuncTypeUnion4,

  CNRT_FUNC_TYPE_MUTABLE = cnrtFuncTypeMutable,
  CNRT_FUNC_TYPE_BLOCK = cnrtFuncTypeBlock,
  CNRT_FUNC_TYPE_BLOCK0 = cnrtFuncTypeBlock0,
  CNRT_FUNC_TYPE_BLOCK1 = cnrtFuncTypeBlock1,
  CNRT_FUNC_TYPE_UNION1 = cnrtFuncTypeUnion1,
  CNRT_FUNC_TYPE_UNION2 = cnrtFuncTypeUnion2,
  CNRT_FUNC_TYPE_UNION4 = cnrtFuncTypeUnion4,
  CNRT_FUNC_TYPE_UNION8 = cnrtFuncTypeUnion8,
  CNRT_FUNC_TYPE_UNION16 = cnrtFuncTypeUnion16,
  CNRT_JOB_TYPE_BLOCK = cnrtFuncTypeBlock,
  CNRT_JOB_TYPE_UNION1 = cnrtFuncTypeUnion1,
  CNRT_JOB_TYPE_UNION2 = cnrtFuncTypeUnion2,
  CNRT_JOB_TYPE_UNION4 = cnrtFuncTypeUnion4
} cnrtFunctionType_t;
typedef cnrtFunctionType_t cnrtJobType_t;

typedef enum {
  cnrtMemcpyHostToDev = 0,
  cnrtMemcpyDevToDev,
  cnrtMemcpyDevToHost,
  cnrtMemcpyHostToHost,
  cnrtMemcpyPeerToPeer,
  cnrtMemcpyNoDirection,                 /* whatever the pointers say */
  cnrtMemcpyDirectionLimit = 0x7fffffff, /* so that any wrong number is one of this type, too */

  CNRT_MEM_TRANS_DIR_HOST2DEV = cnrtMemcpyHostToDev,
  CNRT_MEM_TRANS_DIR_DEV2DEV = cnrtMemcpyDevToDev,
  CNRT_MEM_TRANS_DIR_DEV2HOST = cnrtMemcpyDevToHost,
  CNRT_MEM_TRANS_DIR_HOST2HOST = cnrtMemcpyHostToHost,
  CNRT_MEM_TRANS_DIR_PEER2PEER = cnrtMemcpyPeerToPeer,
  CNRT_MEM_TRANS_DIR_NODIR = cnrtMemcpyNoDirection
} cnrtMemTransDir_t;

typedef enum {
  cnrtMemTypeUnregistered = 0,
  cnrtMemTypeHost,
  cnrtMemTypeDevice,

  CNRT_MEMTYPE_DEFAULT = 0,
  CNRT_MEMTYPE_LOCKED,
  CNRT_MEMTYPE_DEV
} cnrtMemType_t;

typedef enum {
  cnrtUvaNotSupport = -1,
  cnrtUvaUnknown = 0,
  cnrtUvaUnCached,
  cnrtUvaCached
} cnrtUvaCacheMode_t;

typedef struct {
  cnrtMemType_t type;
  int device;
  size_t size; /* of the whole block */
  void* devicePointer;
  void* hostPointer;
  cnrtUvaCacheMode_t cacheMode;
  void* deviceBasePointer; /* where the block starts */
} cnrtPointerAttributes_t;

/* Sizes are in bytes, memory of the device in megabytes, clocks in kilohertz. */
typedef enum {
  cnrtAttrComputeCapabilityMajor = 0x01,
  cnrtAttrComputeCapabilityMinor = 0x02,
  cnrtAttrSparseComputingSupported = 0x03,
  cnrtAttrFP16ComputingSupported = 0x04,
  cnrtAttrINT4ComputingSupported = 0x05,
  cnrtAttrINT8ComputingSupported = 0x06,
  cnrtAttrBF16ComputingSupported = 0x07,
  cnrtAttrTF32ComputingSupported = 0x08,
  cnrtAttrComputeMode = 0x09,
  cnrtAttrQueueSize = 0x101,
  cnrtAttrNotifierSize = 0x102,
  cnrtAttrSupportQueuePriorities = 0x103,
  cnrtAttrMaxDimX = 0x201,
  cnrtAttrMaxDimY = 0x202,
  cnrtAttrMaxDimZ = 0x203,
  cnrtAttrMaxClusterCountPerUnionTask = 0x204,
  cnrtAttrClusterCount = 0x205,
  cnrtAttrMcorePerCluster = 0x206,
  cnrtAttrMaxQuadrantCount = 0x207,
  cnrtAttrMaxUnionTypePerQuadrant = 0x208,
  cnrtAttrMaxClusterPerUnionLimitTask = 0x209,
  cnrtAttrISAVersion = 0x20a,
  cnrtAttrIsMultipleTensorProcessor = 0x20b,
  cnrtAttrMaxL2CacheSize = 0x301,
  cnrtAttrNramSizePerMcore = 0x302,
  cnrtAttrWramSizePerMcore = 0x303,
  cnrtAttrTotalConstMemorySize = 0x304,
  cnrtAttrLmemSizePerMcore = 0x305,
  cnrtAttrSramSizePerMcore = 0x306, /* of a cluster, in spite of its name */
  cnrtAttrGlobalMemoryNodeCount = 0x307,
  cnrtAttrMaxPersistingL2CacheSize = 0x309,
  cnrtAttrAvailableGlobalMemorySize = 0x312,
  cnrtAttrEccEnable = 0x401,
  cnrtAttrIpuClockRate = 0x402,
  cnrtAttrMemClockRate = 0x403,
  cnrtAttrGmemBusWidth = 0x404,
  cnrtAttrTotalMemSize = 0x405,
  cnrtAttrPciBusID = 0x406,
  cnrtAttrPciDeviceID = 0x407,
  cnrtAttrPciDomainID = 0x408,
  cnrtAttrMDRMemorySize = 0x409,
  cnrtAttrUnsupportedFlag = 0xffffff
} cnrtDeviceAttr_t;

/* The members of CNRT 6 that a simulated device can answer. */
typedef struct {
  char name[256];
  int totalMem; /* MB */
  int maxDim[3];
  int ipuClockRate; /* kHz */
  int major;
  int minor;
  int ECCEnabled;
  int pciBusID;
  int pciDeviceID;
  int pciDomainID;
  int queuePrioritiesSupported;
  int sparseComputingSupported;
  int FP16ComputingSupported;
  int INT4ComputingSupported;
  int INT8ComputingSupported;
  int BF16ComputingSupported;
  int TF32ComputingSupported;
  int maxQueueSize;
  int maxNotifierSize;
  int maxClusterCountPerUnionTask;
  int clusterCount;
  int McorePerCluster;
  int maxClusterPerUnionLimitTask;
  int ISAVersion;
  int NramSizePerMcore;
  int WramSizePerMcore;
  int SramSizePerMcore; /* of a cluster */
  int globalMemoryNodeCount;
  int availableGlobalMemorySize; /* MB */
  uint64_t totalGlobalMemSize;   /* bytes */
} cnrtDeviceProp_t;

typedef enum {
  cnrtDeviceScheduleSpin = 0,
  cnrtDeviceScheduleBlock = 1,
  cnrtDeviceScheduleYield = 2,
  cnrtDeviceScheduleAuto = 3,
  CNRT_QUEUE_SYNC_SPIN = cnrtDeviceScheduleSpin,
  CNRT_QUEUE_SYNC_BLOCK = cnrtDeviceScheduleBlock,
  CNRT_QUEUE_SYNC_YIELD = cnrtDeviceScheduleYield
} cnrtDeviceFlags_t;

typedef enum {
  CNRT_NOTIFIER_DEFAULT = 0x0,
  CNRT_NOTIFIER_DISABLE_TIMING_SW = 0x2,
  CNRT_NOTIFIER_DISABLE_TIMING = CNRT_NOTIFIER_DISABLE_TIMING_SW,
  CNRT_NOTIFIER_DISABLE_TIMING_ALL = 0x4
} cnrtNotifierFlags_t;

typedef enum cnrtDataType {
  cnrtInvalid = 0x0,
  cnrtFloat16 = 0x12,
  cnrtFloat32 = 0x13,
  cnrtFloat64 = 0x14,
  cnrtInt4 = 0x20,
  cnrtInt8 = 0x21,
  cnrtInt16 = 0x22,
  cnrtInt32 = 0x23,
  cnrtInt64 = 0x24,
  cnrtAuto = 0x25,
  cnrtUInt8 = 0x31,
  cnrtUInt16 = 0x32,
  cnrtUInt32 = 0x33,
  cnrtFix8 = 0x41,
  cnrtQuant8 = 0x51,
  cnrtBool = 0x61,

  CNRT_INVALID = cnrtInvalid,
  CNRT_FLOAT16 = cnrtFloat16,
  CNRT_FLOAT32 = cnrtFloat32,
  CNRT_FLOAT64 = cnrtFloat64,
  CNRT_INT4 = cnrtInt4,
  CNRT_INT8 = cnrtInt8,
  CNRT_INT16 = cnrtInt16,
  CNRT_INT32 = cnrtInt32,
  CNRT_INT64 = cnrtInt64,
  CNRT_AUTO = cnrtAuto,
  CNRT_UINT8 = cnrtUInt8,
  CNRT_UINT16 = cnrtUInt16,
  CNRT_UINT32 = cnrtUInt32,
  CNRT_FIX8 = cnrtFix8,
  CNRT_QUANT8 = cnrtQuant8,
  CNRT_BOOL = cnrtBool
} cnrtDataType_t;

typedef enum cnrtDataType_V2 {
  cnrtUnknown = 0,
  cnrtDouble = 0x1,
  cnrtFloat = 0x2,
  cnrtHalf = 0x3,
  cnrtBfloat = 0x4,
  cnrtUlonglong = 0x11,
  cnrtUint = 0x12,
  cnrtUshort = 0x13,
  cnrtUchar = 0x14,
  cnrtLonglong = 0x21,
  cnrtInt = 0x22,
  cnrtShort = 0x23,
  cnrtChar = 0x24,
  cnrtBoolean = 0x31
} cnrtDataType_V2_t;

typedef enum cnrtRoundingMode {
  cnrtRounding_rn = 0, /* ties to even */
  cnrtRounding_rz = 1, /* toward zero */
  cnrtRounding_rd = 2, /* down */
  cnrtRounding_ru = 3, /* up */
  cnrtRounding_ro = 4, /* off zero */
  cnrtRounding_rm = 5, /* ties up */
  cnrtRounding_max,
  cnrtRoundingLimit = 0x7fffffff
} cnrtRoundingMode_t;

typedef struct cnrtQuantizedParam* cnrtQuantizedParam_t;
typedef struct cnrtQueue* cnrtQueue_t;
typedef struct cnrtNotifier* cnrtNotifier_t;
typedef void (*cnrtHostFn_t)(void* arg);

/* The default queue of the current device, as a null queue is. */
#define cnrtQueuePerThread ((cnrtQueue_t)1)
#define cnrtQueueLegacy ((cnrtQueue_t)2)

/* ---- Errors --------------------------------------------------------------------------------- */

/* The last error of the calling thread, which is forgotten. */
cnrtRet_t cnrtGetLastError(void);
cnrtRet_t cnrtPeekAtLastError(void);
const char* cnrtGetErrorName(cnrtRet_t code);
const char* cnrtGetErrorStr(cnrtRet_t code);
/* Only here: the sizes, addresses and names behind the calling thread's last error. Valid until
 * its next call of a function of this header. */
const char* cnrtGetLastErrorDetail(void);
/* Prints the error and ends the program unless `code` is cnrtSuccess. */
void cnrtCheck(cnrtRet_t code, const char* call, const char* file, int line);
#define CNRT_CHECK(call) cnrtCheck((call), #call, __FILE__, __LINE__)

/* ---- Devices -------------------------------------------------------------------------------- */

cnrtRet_t cnrtGetDeviceCount(unsigned int* count);
/* Each host thread has a current device, 0 at first. */
cnrtRet_t cnrtSetDevice(int ordinal);
cnrtRet_t cnrtGetDevice(int* ordinal);
cnrtRet_t cnrtDeviceGetAttribute(int* value, cnrtDeviceAttr_t attribute, int ordinal);
cnrtRet_t cnrtGetDeviceProperties(cnrtDeviceProp_t* properties, int ordinal);
cnrtRet_t cnrtDeviceGetPCIBusId(char* id, int length, int ordinal);
cnrtRet_t cnrtDeviceGetByPCIBusId(int* ordinal, const char* id);
cnrtRet_t cnrtSyncDevice(void);
/* Waits, then destroys the queues, notifiers and memory that this API made on the device. */
cnrtRet_t cnrtDeviceReset(void);
cnrtRet_t cnrtSetDeviceFlag(unsigned int flags);
cnrtRet_t cnrtGetDeviceFlag(unsigned int* flags);
cnrtRet_t cnrtGetPeerAccessibility(unsigned int* accessible, int ordinal, int peer);
cnrtRet_t cnrtGetLibVersion(int* major, int* minor, int* patch);
cnrtRet_t cnrtDriverGetVersion(int* major, int* minor, int* patch);

/* ---- Memory --------------------------------------------------------------------------------- */

cnrtRet_t cnrtMalloc(void** p, size_t bytes);
/* Waits for the device first. */
cnrtRet_t cnrtFree(void* p);
cnrtRet_t cnrtHostMalloc(void** p, size_t bytes);
cnrtRet_t cnrtFreeHost(void* p);
cnrtRet_t cnrtMemGetInfo(size_t* free_bytes, size_t* total_bytes);
cnrtRet_t cnrtPointerGetAttributes(cnrtPointerAttributes_t* attributes, const void* p);
/* The blocking ones wait for the default queue, not for others. */
cnrtRet_t cnrtMemcpy(void* dst, const void* src, size_t bytes, cnrtMemTransDir_t direction);
cnrtRet_t cnrtMemcpyAsync(void* dst, const void* src, size_t bytes, cnrtQueue_t queue,
                          cnrtMemTransDir_t direction);
cnrtRet_t cnrtMemcpyAsync_V2(void* dst, const void* src, size_t bytes, cnrtQueue_t queue,
                             cnrtMemTransDir_t direction);
cnrtRet_t cnrtMemcpy2D(void* dst, size_t dst_pitch, const void* src, size_t src_pitch, size_t width,
                       size_t height, cnrtMemTransDir_t direction);
cnrtRet_t cnrtMemcpyPeer(void* dst, int dst_device, const void* src, int src_device, size_t bytes);
cnrtRet_t cnrtMemcpyPeerAsync(void* dst, int dst_device, const void* src, int src_device,
                              size_t bytes, cnrtQueue_t queue);
cnrtRet_t cnrtMemset(void* p, int value, size_t bytes);
cnrtRet_t cnrtMemsetAsync(void* p, int value, size_t bytes, cnrtQueue_t queue);
/* `count` values. */
cnrtRet_t cnrtMemsetD8(void* p, uint8_t value, size_t count);
cnrtRet_t cnrtMemsetD32(void* p, uint32_t value, size_t count);
cnrtRet_t cnrtMemsetD8Async(void* p, uint8_t value, size_t count, cnrtQueue_t queue);
cnrtRet_t cnrtMemsetD32Async(void* p, uint32_t value, size_t count, cnrtQueue_t queue);

/* ---- Queues and notifiers ------------------------------------------------------------------- */

cnrtRet_t cnrtQueueCreate(cnrtQueue_t* queue);
/* Priorities are kept and have no effect. */
cnrtRet_t cnrtQueueCreateWithPriority(cnrtQueue_t* queue, unsigned int flags, int priority);
cnrtRet_t cnrtQueueGetPriority(cnrtQueue_t queue, int* priority);
cnrtRet_t cnrtDeviceGetQueuePriorityRange(int* least, int* greatest);
/* Waits for the work of the queue. */
cnrtRet_t cnrtQueueDestroy(cnrtQueue_t queue);
cnrtRet_t cnrtQueueSync(cnrtQueue_t queue);
cnrtRet_t cnrtQueueQuery(cnrtQueue_t queue);
/* Later work in `queue` waits for where the notifier has been placed last. */
cnrtRet_t cnrtQueueWaitNotifier(cnrtNotifier_t notifier, cnrtQueue_t queue, unsigned int flags);
/* Calls `function` on the queue's thread. It must not wait for queues or notifiers. */
cnrtRet_t cnrtInvokeHostFunc(cnrtQueue_t queue, cnrtHostFn_t function, void* arg);

cnrtRet_t cnrtNotifierCreate(cnrtNotifier_t* notifier);
cnrtRet_t cnrtNotifierCreateWithFlags(cnrtNotifier_t* notifier, unsigned int flags);
cnrtRet_t cnrtNotifierDestroy(cnrtNotifier_t notifier);
cnrtRet_t cnrtPlaceNotifier(cnrtNotifier_t notifier, cnrtQueue_t queue);
cnrtRet_t cnrtWaitNotifier(cnrtNotifier_t notifier);
cnrtRet_t cnrtQueryNotifier(cnrtNotifier_t notifier);
/* Simulated time, in milliseconds and in microseconds. */
cnrtRet_t cnrtNotifierElapsedTime(cnrtNotifier_t start, cnrtNotifier_t end, float* ms);
cnrtRet_t cnrtNotifierDuration(cnrtNotifier_t start, cnrtNotifier_t end, float* us);

/* ---- Kernels -------------------------------------------------------------------------------- */

/* `arguments` point to the kernel's arguments. The kernel is one that mlucc compiled. */
cnrtRet_t cnrtInvokeKernel(const void* kernel, cnrtDim3_t dim, cnrtFunctionType_t type,
                           void** arguments, size_t reserved, cnrtQueue_t queue);

/* ---- Conversion on the host ----------------------------------------------------------------- */

size_t cnrtDataTypeSize(cnrtDataType_t type);
cnrtRet_t cnrtConvertFloatToHalf(uint16_t* half, float value);
cnrtRet_t cnrtConvertHalfToFloat(float* value, uint16_t half);
cnrtRet_t cnrtConvertDoubleToHalf(uint16_t* half, double value);
cnrtRet_t cnrtConvertHalfToDouble(double* value, uint16_t half);
/* Fixed point: an integer q stands for (q - offset) * 2^position / scale. */
cnrtRet_t cnrtCreateQuantizedParam(cnrtQuantizedParam_t* param, int position, float scale,
                                   int offset);
cnrtRet_t cnrtDestroyQuantizedParam(cnrtQuantizedParam_t param);
/* Rounds ties to even; integers saturate. `param` (may be null) is that of the integer side. */
cnrtRet_t cnrtCastDataType(const void* src, cnrtDataType_t src_type, void* dst,
                           cnrtDataType_t dst_type, int count, cnrtQuantizedParam_t param);
cnrtRet_t cnrtCastDataType_V2(const void* src, cnrtDataType_V2_t src_type, void* dst,
                              cnrtDataType_V2_t dst_type, int count, cnrtQuantizedParam_t param,
                              cnrtRoundingMode_t rounding);

/* ---- CNRT 4 --------------------------------------------------------------------------------- */

typedef uint64_t cnrtDev_t;
typedef struct cnrtKernelParamsBuffer* cnrtKernelParamsBuffer_t;
typedef struct cnrtKernelInitParam* cnrtKernelInitParam_t;

typedef enum { CNRT_INVOKE_PARAM_TYPE_0 = 0 } cnrtInvokeParamType_t;
typedef struct {
  unsigned int* affinity;
} cnrtClusterAffinity_t;
typedef struct {
  cnrtInvokeParamType_t invoke_param_type;
  cnrtClusterAffinity_t cluster_affinity;
} cnrtInvokeParam_t;

typedef enum {
  CNRT_CHANNEL_TYPE_DUPLICATE = -2,
  CNRT_CHANNEL_TYPE_NONE = -1,
  CNRT_CHANNEL_TYPE_0 = 0,
  CNRT_CHANNEL_TYPE_1,
  CNRT_CHANNEL_TYPE_2,
  CNRT_CHANNEL_TYPE_3
} cnrtChannelType_t;

typedef enum cnrtCoreVersion {
  CNRT_MLU270 = 5,
  CNRT_MLU220 = 6,
  CNRT_MLU370 = 9
} cnrtCoreVersion_t;
typedef struct {
  char device_name[64];
  cnrtCoreVersion_t core_version;
  int core_num;
} cnrtDeviceInfo_t;

cnrtRet_t cnrtInit(unsigned int flags);
/* cnrtDeviceReset of all devices. */
void cnrtDestroy(void);
cnrtRet_t cnrtGetDeviceInfo(cnrtDeviceInfo_t* info, int ordinal);
cnrtRet_t cnrtGetDeviceHandle(cnrtDev_t* device, int ordinal);
cnrtRet_t cnrtGetCurrentDevice(cnrtDev_t* device);
cnrtRet_t cnrtSetCurrentDevice(cnrtDev_t device);
cnrtRet_t cnrtFreeArray(void** pointers, int count);

cnrtRet_t cnrtGetKernelParamsBuffer(cnrtKernelParamsBuffer_t* params);
cnrtRet_t cnrtCopyKernelParamsBuffer(cnrtKernelParamsBuffer_t dst, cnrtKernelParamsBuffer_t src);
cnrtRet_t cnrtKernelParamsBufferAddParam(cnrtKernelParamsBuffer_t params, const void* data,
                                         size_t bytes);
cnrtRet_t cnrtDestroyKernelParamsBuffer(cnrtKernelParamsBuffer_t params);
cnrtRet_t cnrtCreateKernelInitParam(cnrtKernelInitParam_t* init);
cnrtRet_t cnrtInitKernelMemory(const void* kernel, cnrtKernelInitParam_t init);
cnrtRet_t cnrtDestroyKernelInitParamAndMemory(cnrtKernelInitParam_t init);
cnrtRet_t cnrtInvokeKernel_V2(const void* kernel, cnrtDim3_t dim, cnrtKernelParamsBuffer_t params,
                              cnrtFunctionType_t type, cnrtQueue_t queue);
/* `extra`, an affinity of clusters, has no effect. */
cnrtRet_t cnrtInvokeKernel_V3(const void* kernel, cnrtKernelInitParam_t init, cnrtDim3_t dim,
                              cnrtKernelParamsBuffer_t params, cnrtFunctionType_t type,
                              cnrtQueue_t queue, void* extra);

static inline cnrtRet_t cnrtGetLastErr(void) { return cnrtGetLastError(); }
static inline cnrtRet_t cnrtGetVersion(unsigned int* version) {
  if (version != NULL) *version = CNRT_VERSION;
  return version != NULL ? cnrtSuccess : cnrtErrorArgsInvalid;
}
static inline cnrtRet_t cnrtSetCurrentChannel(cnrtChannelType_t channel) {
  return channel >= CNRT_CHANNEL_TYPE_DUPLICATE && channel <= CNRT_CHANNEL_TYPE_3
             ? cnrtSuccess
             : cnrtErrorArgsInvalid;
}
static inline cnrtRet_t cnrtMallocHost(void** p, size_t bytes, cnrtMemType_t type) {
  return type == CNRT_MEMTYPE_DEV ? cnrtErrorArgsInvalid : cnrtHostMalloc(p, bytes);
}
static inline cnrtRet_t cnrtMallocFrameBuffer(void** p, size_t bytes) {
  return cnrtMalloc(p, bytes);
}
static inline cnrtRet_t cnrtGetMemInfo(size_t* free_bytes, size_t* total_bytes,
                                       cnrtChannelType_t channel) {
  (void)channel;
  return cnrtMemGetInfo(free_bytes, total_bytes);
}
static inline cnrtRet_t cnrtCreateQueue(cnrtQueue_t* queue) { return cnrtQueueCreate(queue); }
static inline cnrtRet_t cnrtDestroyQueue(cnrtQueue_t queue) { return cnrtQueueDestroy(queue); }
static inline cnrtRet_t cnrtSyncQueue(cnrtQueue_t queue) { return cnrtQueueSync(queue); }
static inline cnrtRet_t cnrtQueryQueue(cnrtQueue_t queue) { return cnrtQueueQuery(queue); }
static inline cnrtRet_t cnrtCreateNotifier(cnrtNotifier_t* notifier) {
  return cnrtNotifierCreate(notifier);
}
static inline cnrtRet_t cnrtDestroyNotifier(cnrtNotifier_t* notifier) {
  return cnrtNotifierDestroy(notifier != NULL ? *notifier : NULL);
}

#ifdef __cplusplus
} /* extern "C" */

/* Where CNRT 4 has the same name with other parameters. */
inline cnrtRet_t cnrtGetDevice(cnrtDev_t* device) { return cnrtGetCurrentDevice(device); }
inline cnrtRet_t cnrtNotifierDestroy(cnrtNotifier_t* notifier) {
  return cnrtDestroyNotifier(notifier);
}
/* Of a kernel or of function pointers that were not cast to void *. */
template <class... P>
cnrtRet_t cnrtInvokeKernel(void (*kernel)(P...), cnrtDim3_t dim, cnrtFunctionType_t type,
                           void** arguments, size_t reserved, cnrtQueue_t queue) {
  return cnrtInvokeKernel(reinterpret_cast<const void*>(kernel), dim, type, arguments, reserved,
                          queue);
}
#endif

#endif /* REEL_CNRT_H */
