// What mlucc makes of BANG C.

#include <algorithm>
#include <regex>

#include "mlucc/rewrite.h"
#include "support/catch.h"

using Catch::Matchers::ContainsSubstring;
using mlucc::rewrite;

namespace {

// Rewritten as k.mlu, in one line with single spaces.
std::string flat(const std::string& source) {
  const std::string text = std::regex_replace(rewrite(source, "k.mlu"), std::regex("\\s+"), " ");
  return std::regex_replace(text, std::regex(" (?=[;,)])"), "");
}

void check_unchanged(const std::string& source) { CHECK(rewrite(source, "k.mlu") == source); }

// What stands for a variable: `type` as in "float (&a)[4]", then the rest of the call.
std::string placed(const std::string& declarator, const std::string& name, const std::string& space,
                   int line, const std::string& initial = "") {
  return declarator + " = ::bang::variable<std::remove_reference_t<decltype(" + name +
         ")>>(::bang::Space::" + space + ", \"" + name + "\", {\"k.mlu\", " + std::to_string(line) +
         "}" + initial + ");";
}

const std::string kLocal = "[[maybe_unused]] static thread_local ";

std::string error_of(const std::string& source) {
  try {
    rewrite(source, "k.mlu");
  } catch (const mlucc::RewriteError& error) {
    return error.what();
  }
  return "no error";
}

std::string function(const std::string& body) { return "void f() { " + body + " }"; }

}  // namespace

TEST_CASE("a launch becomes a configured call") {
  CHECK(flat("add<<<dim, type, queue>>>(a, b);") ==
        "::bang::configure(\"add\", {\"k.mlu\", 1}, dim, type, queue).of(add)(a, b);");
  CHECK(flat("add<<<dim, type>>>(a);") ==
        "::bang::configure(\"add\", {\"k.mlu\", 1}, dim, type).of(add)(a);");
  // The preprocessor may put a space where a macro's argument ended.
  CHECK_THAT(flat("add<< <dim, type>> >(a);"), ContainsSubstring(").of(add)(a);"));
}

TEST_CASE("the callee of a launch is any postfix expression") {
  const auto callee = [](const std::string& text) {
    const std::string result = flat("x; " + text + "<<<d, t, q>>>(a);");
    CHECK_THAT(result, ContainsSubstring("x; ::bang::configure(\""));
    return result.substr(result.find(".of(") + 4, result.rfind(")(a)") - result.find(".of(") - 4);
  };
  CHECK(callee("a::b::add") == "a::b::add");
  CHECK(callee("::add") == "::add");
  CHECK(callee("add<float, 4>") == "add<float, 4>");
  CHECK(callee("n::add<std::vector<A<int>>, (3 > 2)>") == "n::add<std::vector<A<int>>, (3>2)>");
  CHECK(callee("S<int>::add") == "S<int>::add");
  CHECK(callee("table[i]") == "table[i]");
  CHECK(callee("table[i][j]") == "table[i][j]");
  CHECK(callee("(*pointer)") == "(*pointer)");
  CHECK(callee("choose(n)") == "choose(n)");
  CHECK(callee("object.call") == "object.call");
  CHECK(callee("object->inner.call") == "object->inner.call");
  CHECK(callee("object->template call<unsigned int>") == "object->template call<unsigned int>");
}

TEST_CASE("the arguments choose among kernels of a template or of one name") {
  const auto chosen = [](const std::string& callee) {
    return ".of([](auto bang_launch) -> decltype(bang_launch.of(" + callee +
           ")) { return bang_launch.of(" + callee + "); }, [](auto... bang_arguments) { " + callee +
           "(bang_arguments...); })(x);";
  };
  const std::string of_template = "template <class T> __mlu_global__ void add(T*); ";
  CHECK_THAT(flat(of_template + "add<<<d, t>>>(x);"), ContainsSubstring(chosen("add")));
  CHECK_THAT(flat(of_template + "n::add<float><<<d, t>>>(x);"),
             ContainsSubstring(chosen("n::add<float>")));
  CHECK_THAT(flat("__mlu_entry__ void add(int); void __mlu_entry__ add(float*); add<<<d, t>>>(x);"),
             ContainsSubstring(chosen("add")));
  CHECK_THAT(flat("struct S { template <class T> static __mlu_global__ void add(T); }; "
                  "S::add<<<d, t>>>(x);"),
             ContainsSubstring(chosen("S::add")));
  // What a lambda would have to capture is a function by itself.
  CHECK_THAT(flat(of_template + "s.add<<<d, t>>>(x);"), ContainsSubstring(".of(s.add)(x);"));
  CHECK_THAT(flat("__mlu_global__ void add(int*); add<<<d, t>>>(x);"),
             ContainsSubstring(".of(add)(x);"));
}

TEST_CASE("a kernel that is defined is made known to the runtime") {
  const auto known = [](int number, const std::string& name, int line, const std::string& address) {
    return "[[maybe_unused]] static const ::bang::KnownKernel bang_kernel_" +
           std::to_string(number) + "(\"" + name + "\", {\"k.mlu\", " + std::to_string(line) +
           "}, " + address + ");";
  };
  CHECK(flat("__mlu_global__ void add(int* p, int n) {}") ==
        " void add(int* p, int n) {} " + known(0, "add", 1, "add"));
  CHECK(flat("namespace n {\nstatic void __mlu_entry__ add(T<a, b> p) noexcept { { } }\n}") ==
        "namespace n { static void add(T<a, b> p) noexcept { { } } " + known(0, "add", 2, "add") +
            " }");
  // Of several functions the parameters choose, without their default arguments.
  CHECK_THAT(
      flat("__mlu_global__ void add(const float* p, __nram__ T<a, b>& r, int n = f(1, 2)) {} "
           "__mlu_global__ void add() {}"),
      ContainsSubstring("static_cast<void (*)(const float * p, T <a, b> & r, int n)>(add)") &&
          ContainsSubstring(known(1, "add", 1, "static_cast<void (*)()>(add)")));
  // Templates have no address, their instances have one.
  CHECK_THAT(flat("template <class T> __mlu_global__ void add(T* p) {}"),
             !ContainsSubstring("KnownKernel"));
  CHECK_THAT(flat("template <> __mlu_global__ void add<int>(int* p) {}"),
             ContainsSubstring("static_cast<void (*)(int * p)>(add<int>)"));
  CHECK_THAT(flat("template __mlu_global__ void n::add(int*);"),
             ContainsSubstring("static_cast<void (*)(int *)>(n::add)"));
  CHECK(flat("__mlu_global__ void add(int);") == " void add(int);");
  CHECK(flat("struct S { static __mlu_global__ void add(int) {} };") ==
        "struct S { static void add(int) {} };");
}

TEST_CASE("what stands before a launch is not part of its callee") {
  CHECK_THAT(flat("return add<<<d, t>>>(a);"), ContainsSubstring("return ::bang::configure"));
  CHECK_THAT(flat("return ::add<<<d, t>>>(a);"), ContainsSubstring("return ::bang::configure"));
  CHECK_THAT(
      flat("if (x) add<<<d, t>>>(a); else add<<<d, t>>>(b);"),
      ContainsSubstring("if (x) ::bang::configure") && ContainsSubstring("else ::bang::configure"));
  CHECK_THAT(flat("CHECK((add<<<d, t>>>(a)));"), ContainsSubstring("CHECK((::bang::configure"));
  CHECK_THAT(flat("x = a < b, add<<<d, t>>>(a);"), ContainsSubstring("b, ::bang::configure"));
  CHECK_THAT(flat("do add<<<d, t>>>(a); while (0);"), ContainsSubstring("do ::bang::configure"));
}

TEST_CASE("the configuration of a launch may hold commas and templates") {
  CHECK_THAT(flat("add<<<dim3{1, 2, 3}, type(a, b), q>>>(x);"),
             ContainsSubstring("1}, dim3{1, 2, 3}, type(a, b), q).of(add)(x)"));
  CHECK_THAT(flat("add<<<f<A<B<int>>>::v, t>>>(x);"), ContainsSubstring("f<A<B<int>>>::v, t).of"));
  CHECK_THAT(flat("add<<<d, [&] { k<<<e, t>>>(y); return t; }()>>>(x);"),
             ContainsSubstring("e, t).of(k)(y); return t; }()).of(add)(x)"));
}

TEST_CASE("a launch that is cut short is an error with its line") {
  CHECK(
      error_of("\n\nadd<<<d, t>>(x);") ==
      "k.mlu:3: error: a launch is kernel<<<dim, type, queue>>>(arguments); >>>( is missing here");
  CHECK_THAT(error_of("add<<<d, t>>>;"), ContainsSubstring("k.mlu:1: error: "));
  CHECK(error_of("; <<<d, t>>>(x);") == "k.mlu:1: error: no kernel stands before <<<");
}

TEST_CASE("rewriting keeps every line where it is") {
  const std::string source =
      "#pragma once\nvoid f() {\n  add<float,\n      4>\n# 40 \"x.h\"\n  <<<d,\n  t>>>(\n x);\n"
      "  __nram__\n  float a[4]\n    = {1,\n 2}, b;\n asm volatile(\"sync;\"\n : :);\n}\nint "
      "end;\n";
  const std::string result = rewrite(source, "k.mlu");
  CHECK(std::count(result.begin(), result.end(), '\n') ==
        std::count(source.begin(), source.end(), '\n'));
  CHECK_THAT(result, ContainsSubstring("\n# 40 \"x.h\"\n") && ContainsSubstring("#pragma once\n"));
  CHECK_THAT(result, ContainsSubstring("\nint end;\n"));
}

TEST_CASE("sites follow the line markers") {
  CHECK_THAT(flat("# 7 \"a/b.h\" 1\nadd<<<d, t>>>(x);"), ContainsSubstring("{\"a/b.h\", 7}"));
  CHECK_THAT(flat("#line 9 \"c.mlu\"\n\nadd<<<d, t>>>(x);"), ContainsSubstring("{\"c.mlu\", 10}"));
  CHECK_THAT(flat("R\"(\n\n)\";\nadd<<<d, t>>>(x);"), ContainsSubstring("{\"k.mlu\", 4}"));
}

TEST_CASE("a local variable in a memory becomes a reference of each core") {
  CHECK_THAT(flat(function("__nram__ float a[4];")),
             ContainsSubstring(kLocal + placed("float (&a)[4]", "a", "nram", 1)));
  CHECK_THAT(flat(function("__wram__ int8_t w[2][N + 1];")),
             ContainsSubstring(kLocal + placed("int8_t (&w)[2][N + 1]", "w", "wram", 1)));
  CHECK_THAT(flat(function("__mlu_shared__ half s;")),
             ContainsSubstring(kLocal + placed("half &s", "s", "sram", 1)));
  CHECK_THAT(flat(function("__ldram__ char l[9];")),
             ContainsSubstring(kLocal + placed("char (&l)[9]", "l", "host", 1)));
  CHECK_THAT(flat("template <class T, int N> void f() { __nram__ T a[N > 3 ? N : 1]; }"),
             ContainsSubstring(kLocal + placed("T (&a)[N > 3 ? N : 1]", "a", "nram", 1)));
}

TEST_CASE("the type of such a variable may have several words, and the qualifier any place") {
  const auto type = [](const std::string& before, const std::string& after) {
    CHECK_THAT(flat(function(before)), ContainsSubstring(kLocal + placed(after, "a", "nram", 1)));
  };
  type("__nram__ unsigned int a;", "unsigned int &a");
  type("__nram__ const float a[2];", "const float (&a)[2]");
  type("unsigned __nram__ long long a;", "unsigned long long &a");
  type("float __nram__ a[2];", "float (&a)[2]");
  type("static __nram__ float a[2];", "float (&a)[2]");
  type("__nram__ static float a[2];", "float (&a)[2]");
  type("const volatile static int __nram__ a;", "const volatile int &a");
  type("__nram__ typename X<T, 2>::Y a[3];", "typename X<T, 2>::Y (&a)[3]");
  type("__nram__ ::n::S<A<B<int>>> a;", "::n::S<A<B<int>>> &a");
  type("__nram__ struct S a;", "struct S &a");
  type("__nram__ decltype(f(1)) a[2];", "decltype(f(1)) (&a)[2]");
  type("__nram__ __attribute__((aligned(64))) float a[2];", "float (&a)[2]");
  type("__nram__ float a[2] __attribute__((aligned(64)));", "float (&a)[2]");
  type("__attribute__((aligned(64))) __nram__ float a[2];", "float (&a)[2]");
  type("alignas(64) [[gnu::used]] __nram__ float a[2];", "float (&a)[2]");
}

TEST_CASE("initialisers are passed on") {
  const std::string type = "std::remove_reference_t<decltype(a)>";
  const auto initial = [&](const std::string& before, const std::string& declarator,
                           const std::string& value) {
    // A local one is written each time, a static one or one of the file once.
    CHECK_THAT(flat(function(before)),
               ContainsSubstring(kLocal + placed(declarator, "a", "nram", 1) +
                                 " ::bang::initialize<" + type + ">(a, " + value + ");"));
    CHECK_THAT(flat(function("static " + before)),
               ContainsSubstring(kLocal + placed(declarator, "a", "nram", 1, ", " + value)));
  };
  CHECK_THAT(flat("__nram__ int a = 3;"),
             ContainsSubstring(kLocal + placed("int &a", "a", "nram", 1, ", 3")));
  initial("__nram__ int a = 3;", "int &a", "3");
  initial("__nram__ int a = f<int, 2>(x, y) + (1, 2);", "int &a", "f<int, 2>(x, y) + (1, 2)");
  initial("__nram__ int a = x < y;", "int &a", "x < y");
  initial("__nram__ int a(3);", "int &a", "3");
  initial("__nram__ int a{3};", "int &a", "{3}");
  initial("__nram__ int a[3] = {1, 2};", "int (&a)[3]", type + " {1, 2}");
  const std::string padded = "::bang::padded<" + type + ">( \"x\").value";
  initial("__nram__ char a[9] = \"x\";", "char (&a)[9]", padded);
  initial("__nram__ char a[2][9] = {\"x\"};", "char (&a)[2][9]", type + " {\"x\"}");
  CHECK_THAT(flat(function("__nram__ char a[9] = {\"x\"};")),
             ContainsSubstring(">(a, ::bang::padded<" + type + ">( \"x\").value);"));
}

TEST_CASE("a bound that is left out is counted") {
  const auto bound = [](const std::string& before, const std::string& declarator) {
    CHECK_THAT(flat(function(before)), ContainsSubstring(declarator + " = ::bang::variable"));
  };
  bound("__nram__ int a[] = {1, f(2, 3), 4,};", "int (&a)[3]");
  bound("__nram__ int a[]{1};", "int (&a)[1]");
  bound("__nram__ int a[][2] = {{1, 2}, {3, 4}};", "int (&a)[2][2]");
  bound("__nram__ char a[] = \"abc\" \"d\";",
        "char (&a)[sizeof(\"abc\" \"d\") / sizeof(*\"abc\")]");
  bound("__nram__ char a[]{\"b\"};", "char (&a)[sizeof(\"b\") / sizeof(*\"b\")]");
  const std::string refusal =
      "k.mlu:1: error: the size of a does not follow from its initialiser; write it: a[n]";
  CHECK(error_of(function("__nram__ int a[];")) == refusal);
  CHECK(error_of(function("__nram__ int a[] = {};")) == refusal);
  CHECK(error_of(function("__nram__ int a[] = {t...};")) == refusal);
  CHECK(error_of(function("__nram__ int a[][2] = {1, 2, 3, 4};")) == refusal);
  CHECK(error_of(function("__nram__ int a[] = {[3] = 1};")) == refusal);
  CHECK(error_of(function("__nram__ int a[] = {f<1, 2>()};")) == refusal);
  CHECK(error_of(function("__nram__ auto a = 1;")) ==
        "k.mlu:1: error: a variable in __nram__ needs a type of its own, not auto");
}

TEST_CASE("each name of a declaration gets a declaration") {
  CHECK_THAT(flat(function("__nram__ const T a[2], b = f(1, 2), c[2] = {1, 2}, *p = a;")),
             ContainsSubstring(kLocal + placed("const T (&a)[2]", "a", "nram", 1)) &&
                 ContainsSubstring(kLocal + placed("const T &b", "b", "nram", 1) +
                                   " ::bang::initialize<std::remove_reference_t<decltype(b)>>(b, "
                                   "f(1, 2));") &&
                 ContainsSubstring("const T (&c)[2] = ") && ContainsSubstring("; const T *p = a;"));
}

TEST_CASE("pointers and parameters live in registers") {
  CHECK_THAT(flat(function("__nram__ half* p = x;")), ContainsSubstring("{ half* p = x;"));
  CHECK_THAT(flat(function("__nram__ half *p[3], &r = s;")), ContainsSubstring(" half *p[3]; "));
  CHECK(flat("__nram__ half* p = x;") == "thread_local half* p = x;");
  CHECK(flat("static __nram__ half* p;") == "static thread_local half* p;");
  CHECK(flat("void f(__nram__ float* x, __wram__ int8_t y[16], const __nram__ T& z);") ==
        "void f( float* x, int8_t y[16], const T& z);");
  CHECK(flat(function("x = (__nram__ float*)y;")) == function("x = ( float*)y;"));
  CHECK(flat(function("auto x = reinterpret_cast<__nram__ float*>(y);")) ==
        function("auto x = reinterpret_cast< float*>(y);"));
}

TEST_CASE("elsewhere the qualifiers only go") {
  CHECK(flat("struct S { __nram__ float* m; __nram__ float n[4]; };") ==
        "struct S { float* m; float n[4]; };");
  CHECK(flat("class S : public B { __nram__ float n[4]; };") ==
        "class S : public B { float n[4]; };");
  CHECK(flat("__nram__ float* f(int);") == " float* f(int);");
  CHECK(flat("__nram__ float f(int x) { return x; }") == " float f(int x) { return x; }");
  CHECK(flat("using P = __nram__ float*; typedef __nram__ float Q;") ==
        "using P = float*; typedef float Q;");
  CHECK(flat("constexpr __nram__ int n = 3;") == "constexpr int n = 3;");
  CHECK(flat("__mlu_const__ static float t[2] = {1, 2};") == " static float t[2] = {1, 2};");
}

TEST_CASE("functions in classes, lambdas and namespaces are functions") {
  const std::string local = kLocal + placed("int &a", "a", "nram", 1);
  for (const char* around :
       {"struct S { void f() { @ } };", "struct S : B<int> { S() : x(1), y{2} { @ } };",
        "namespace n { inline namespace m { void f() const { @ } } }", "auto l = [](int x) { @ };",
        "void f() { g([&] { @ }); }",
        "template <class T> struct S { template <class U> auto f() -> U { @ } };",
        "void f() { struct S { int x; void g() { @ } }; }", "extern \"C\" void f() { @ }",
        "void f() { for (;;) { if (x) { @ } else { } } }",
        "void f() { switch (x) { case 1: @ } }"}) {
    const std::string source =
        std::regex_replace(std::string(around), std::regex("@"), "__nram__ int a;");
    CHECK_THAT(flat(source), ContainsSubstring(local) && !ContainsSubstring("gnu::weak"));
  }
}

TEST_CASE("a variable of a file is its own, and shared with files that declare it") {
  const std::string shared =
      " [[gnu::weak]] void* bang_address_a(); void* bang_address_a() { return "
      "const_cast<void*>(static_cast<const volatile void*>(&a)); }";
  const std::string own = kLocal + placed("char (&a)[4]", "a", "nram", 1);
  CHECK(flat("__nram__ char a[4];") == own + shared);
  CHECK(flat("static __nram__ char a[4];") == own);
  CHECK(flat("namespace { __nram__ char a[4]; }") == "namespace { " + own + " }");
  CHECK(flat("namespace n { extern \"C\" { __nram__ char a[4]; } }") ==
        "namespace n { extern \"C\" { " + own + shared + " } }");
  // Declared only: from the file that has it.
  CHECK(
      flat("extern __nram__ char a[4]; extern __nram__ char a[4];") ==
      "void* bang_address_a(); " + kLocal +
          "char (&a)[4] = *static_cast<std::remove_reference_t<decltype(a)>*>(bang_address_a()); ");
  // Declared and defined: the first declaration defines it.
  CHECK(flat("extern __nram__ char a[4]; __nram__ char a[4];") == own + shared + " ");
  CHECK(flat("__nram__ char a[4]; extern __nram__ char a[4];") == own + shared + " ");
  // Where it can not, the linkage is external.
  CHECK(flat("extern __nram__ char a[]; __nram__ char a[4];") ==
        "extern thread_local char (&a)[]; [[maybe_unused]] thread_local " +
            placed("char (&a)[4]", "a", "nram", 1));
  // Variables of two namespaces are two.
  CHECK_THAT(flat("namespace n { extern __nram__ char a[4]; } namespace m { __nram__ char a[4]; }"),
             ContainsSubstring("bang_address_a());") && ContainsSubstring(own + shared));
  // A local declaration of what the file has says nothing new.
  CHECK_THAT(flat("__nram__ char a[4]; void f() { extern __nram__ char a[4]; }"),
             ContainsSubstring("void f() {; }"));
}

TEST_CASE("functions of the card belong to their file") {
  CHECK(flat("__mlu_func__ void f();") == "static inline void f();");
  CHECK(flat("template <class T> __mlu_func__ void f(T);") ==
        "template <class T> static inline void f(T);");
  CHECK(flat("template <> __mlu_func__ void f(int);") == "template <> inline void f(int);");
  CHECK(flat("static __mlu_func__ void f();") == "static inline void f();");
  CHECK(flat("__mlu_func__ static void f();") == "inline static void f();");
  CHECK(flat("struct S { __mlu_func__ void f(); };") == "struct S { inline void f(); };");
}

TEST_CASE("assembly of the user's functions goes to the simulator") {
  CHECK(flat(function("asm volatile(\"sync;\");")) ==
        function("::bang::inline_assembly (\"sync;\", {\"k.mlu\", 1});"));
  CHECK(flat(function("__asm__ __volatile__(\"a\" \"b\" : \"=r\"(x) : \"r\"(y) : \"memory\");")) ==
        function("::bang::inline_assembly (\"a\" \"b\", {\"k.mlu\", 1});"));
  CHECK(flat(function("if (x) __asm(\"sync\");")) ==
        function("if (x) ::bang::inline_assembly(\"sync\", {\"k.mlu\", 1});"));
  check_unchanged("# 1 \"/usr/include/x.h\" 1 3\n" + function("asm volatile(\"pause\");"));
  check_unchanged("int f() asm(\"g\");");
  const std::string ours = "# 1 \"/opt/bang/x.h\" 1\n" + function("asm(\"pause\");");
  CHECK(rewrite(ours, "k.mlu", "/opt/bang") == ours);
}

TEST_CASE("literals, comments and ordinary C++ stay as they are") {
  check_unchanged(function("s = \"a<<<b>>>(c) __nram__ int x;\";"));
  check_unchanged(function("s = \"\\\"a<<<b\"; c = '\"'; d = '\\''; e = u8\"asm(\";"));
  check_unchanged(function("s = R\"x(\na<<<b>>>(c))\" __nram__ \n)x\" \"\"_s;"));
  check_unchanged(function("n = 1'000'000 + 0x1.8p+3 + 1e-5f; // a<<<b\n /* k<<<d>>>(x) */"));
  check_unchanged("template <class T> std::ostream& operator<<<T>(std::ostream&, const S<T>&);");
  check_unchanged(function("operator<<<int>(a, b); a << b << 1; c <<= 2; x >>= y >> 1;"));
  check_unchanged(
      "A<B<C<int>>> x; bool b = 1 <= 2 && 3 >= 2 || p->q < r; template <int N = (1 > 2)> struct "
      "S;");
  check_unchanged("#define X a<<<b\n#pragma unroll 4\nint i;\n");
  check_unchanged("} unbalanced ) ] {{ ( \" \n ' \n R\"(");
  check_unchanged("");
}
