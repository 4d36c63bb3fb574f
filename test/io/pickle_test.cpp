#include <filesystem>

#include <reel/io/npy.h>
#include <reel/io/pickle.h>
#include <reel/io/pth.h>

#include "io/bytes.h"
#include "support/catch.h"
#include "support/files.h"

using namespace reel;
using Catch::Matchers::ContainsSubstring;
using Kind = io::PickleValue::Kind;
using reel::test::message_of;
using namespace std::string_literals;

namespace {

io::ByteReader reader(const std::string& bytes) {
  return io::ByteReader({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, "test");
}

std::string error_of(const std::string& bytes) {
  return message_of([&] {
    io::ByteReader in = reader(bytes);
    io::Pickle pickle(in);
  });
}

/// An .npy file around a pickle.
std::string object_npy(const std::string& pickle) {
  const std::string header = "{'descr': '|O', 'fortran_order': False, 'shape': (), }";
  std::string bytes = "\x93NUMPY\1\0"s;
  bytes += test::le(static_cast<uint16_t>(header.size()));
  bytes += header;
  return bytes += pickle;
}

}  // namespace

TEST_CASE("pickle: numbers, text and containers of protocols 0 to 4") {
  // pickletools.optimize(pickle.dumps([1, -2, 2**40, 1.5, None, True, 'é', b'x', (1, 2), {'k': 3}],
  // protocol)) for 0 and 4; protocol 0 writes bytes as a call.
  const std::string zero =
      "(lI1\naI-2\naL1099511627776L\naF1.5\naNaI01\naV\u00e9\na(I1\nI2\nta"
      "(dVk\nI3\nsa.";
  const std::string four =
      "\x80\x04(K\x01J\xfe\xff\xff\xff\x8a\x06\0\0\0\0\0\x01G?\xf8\0\0\0\0\0\0N"
      "\x88\x8c\x02\xc3\xa9K\x01K\x02\x86}\x8c\x01kK\x03sl."s;
  for (const std::string& bytes : {zero, four}) {
    io::ByteReader in = reader(bytes);
    const io::Pickle pickle(in);
    CHECK(in.remaining() == 0);
    const auto& items = pickle.root().items;
    REQUIRE(pickle.root().is(Kind::kList));
    REQUIRE(items.size() == 9);
    CHECK(items[0]->integer == 1);
    CHECK(items[1]->integer == -2);
    CHECK(items[2]->integer == int64_t{1} << 40);
    CHECK(items[3]->real == 1.5);
    CHECK(items[4]->is(Kind::kNone));
    CHECK(items[5]->is(Kind::kBool));
    CHECK(items[6]->text == "\u00e9");
    CHECK(items[7]->items.size() == 2);
    CHECK(items[8]->is(Kind::kDict));
    CHECK(items[8]->items[1]->integer == 3);
  }
}

TEST_CASE("pickle: nothing is executed, and what would be is named") {
  std::filesystem::remove("/tmp/reel-pickle-executed");
  CHECK_THAT(
      message_of([] { load_pth(test::test_file("io/fixtures/calls_system.pth")); }),
      ContainsSubstring("posix.system") && ContainsSubstring("nothing in a file is executed"));
  CHECK_FALSE(std::filesystem::exists("/tmp/reel-pickle-executed"));
  CHECK_THAT(error_of("cos\nsystem\n(Vx\ntR."), ContainsSubstring("needs os.system"));
  CHECK_THAT(error_of("\x8c\x08"
                      "builtins\x8c\x04"
                      "eval\x93."),
             ContainsSubstring("needs builtins.eval"));
  CHECK_THAT(error_of("ctorch\nload\n."), ContainsSubstring("needs torch.load"));
  CHECK_THAT(error_of("ctorch.storage\n_load.Storage\n."), ContainsSubstring("_load.Storage"));
  // INST and OBJ would build objects; EXT looks them up.
  CHECK_THAT(error_of("(ios\nsystem\n."), ContainsSubstring("opcode 0x69"));
  CHECK_THAT(error_of("(o."), ContainsSubstring("opcode 0x6f"));
  CHECK_THAT(error_of("\x82\x01."), ContainsSubstring("opcode 0x82"));
}

TEST_CASE("pickle: malformed streams are errors with the place") {
  for (const std::string& bytes : {std::string(),
                                   std::string("."),
                                   std::string("0."),
                                   std::string("t."),
                                   std::string("(K"),
                                   std::string("R."),
                                   std::string("NNR."),
                                   std::string("b."),
                                   std::string("}Na."),
                                   std::string("]NNs."),
                                   std::string("](Nu."),
                                   std::string("h\x01."),
                                   std::string("\x80\x09."),
                                   std::string("(N(\x85."),
                                   std::string("Iabc\n."),
                                   std::string("Fx\n."),
                                   std::string("Vno end"),
                                   std::string("X\xff\xff\xff\xff"),
                                   std::string("\x8e\xff\xff\xff\xff\xff\xff\xff\xff"),
                                   std::string("}(NNNu."),
                                   std::string("N)R."),
                                   std::string("\xff.")}) {
    INFO(bytes);
    CHECK_THAT(error_of(bytes), Catch::Matchers::StartsWith("test: at byte "));
  }
}

TEST_CASE("pickle: deep, circular and exploding objects end in an error") {
  // Built without recursion, freed without recursion.
  const std::string deep = std::string(1'000'000, '(') + "N" + std::string(1'000'000, 't') + ".";
  io::ByteReader in = reader(deep);
  { const io::Pickle pickle(in); }

  const test::TempDir dir;
  const std::string path = dir.file("t.npy");
  const auto load = [&](const std::string& pickle) {
    test::write_bytes(path, object_npy(pickle));
    return message_of([&] { load_npy_dict(path); });
  };
  std::string nested = "}Va\n";
  for (int i = 0; i < 100'000; ++i) nested += "]";
  nested += "N" + std::string(100'000, 'a') + "s.";
  CHECK_THAT(load(nested), ContainsSubstring("nested too deeply"));
  // A dict that contains itself.
  CHECK_THAT(load("}p0\nVself\ng0\ns."), ContainsSubstring("nested too deeply"));
  // Lists that hold the one before ten times: 10^8 visits.
  std::string laughs = "}Vx\n]p0\nN";
  laughs += "a";
  for (int level = 1; level < 9; ++level) {
    laughs += "]p" + std::to_string(level) + "\n(";
    for (int i = 0; i < 10; ++i) laughs += "g" + std::to_string(level - 1) + "\n";
    laughs += "e";
  }
  CHECK_FALSE(load(laughs + "s.").empty());
  // More objects than any file of tensors has.
  CHECK_THAT(load(std::string(5'000'000, 'N') + "."),
             ContainsSubstring("more than 4000000 objects"));
  CHECK_THAT(load("N" + std::string(5'000'000, '2') + "."),
             ContainsSubstring("more than 4000000 objects"));
}
