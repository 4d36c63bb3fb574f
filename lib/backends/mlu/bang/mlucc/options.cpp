#include "options.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>

namespace mlucc {

namespace {

constexpr std::array<int, 6> kArchs = {220, 270, 290, 322, 372, 392};

template <size_t N>
bool among(std::string_view text, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

// Options whose value is the next argument.
constexpr std::array<std::string_view, 8> kPreprocessPairs = {
    "-include",   "-imacros", "-isystem",  "-iquote",
    "-idirafter", "-iprefix", "-isysroot", "-Xpreprocessor"};
constexpr std::array<std::string_view, 6> kLinkPairs = {"-Xlinker", "-T",     "-u",
                                                        "-z",       "-rpath", "-e"};
constexpr std::array<std::string_view, 3> kCompilePairs = {"--param", "-Xassembler", "-aux-info"};
constexpr std::array<std::string_view, 9> kLinkWords = {
    "-shared",   "-static", "-static-libgcc", "-static-libstdc++", "-rdynamic", "-pie", "-no-pie",
    "-nostdlib", "-s"};
constexpr std::array<std::string_view, 8> kHostExtensions = {".cpp", ".cc", ".cxx", ".c++",
                                                             ".C",   ".c",  ".s",   ".S"};
// Of the vendor's compiler: what they choose is not there to be chosen here.
constexpr std::array<std::string_view, 9> kIgnoredPrefixes = {
    "--neuware-path", "--target=",         "-mcpu=",  "--bang-",    "--no-neuware",
    "-fbang-",        "--neuware-version", "--cnas-", "--cnlinker-"};
constexpr std::array<std::string_view, 6> kIgnoredPairs = {"-mllvm", "-target",     "-Xclang",
                                                           "-Xcnas", "-Xbang-cnas", "-Xcnlinker"};

int parse_arch(const std::string& name) {
  for (const int arch : kArchs)
    if (name == "mtp_" + std::to_string(arch)) return arch;
  throw UsageError("unknown architecture '" + name + "': the known ones are " + known_archs());
}

int parse_virtual_arch(const std::string& name) {
  if (name == "compute_20") return 270;
  if (name == "compute_30") return 372;
  throw UsageError("unknown architecture '" + name +
                   "': the known ones are compute_20 and compute_30");
}

// The headers of the simulator are C++17; older code compiles as that.
std::string at_least_17(const std::string& option) {
  constexpr std::array<std::string_view, 8> kOld = {"98", "03", "11", "0x", "14", "1y", "17", "1z"};
  const std::string level = option.size() > 2 ? option.substr(option.size() - 2) : "";
  if (!among(level, kOld)) return option;
  return option.find("gnu") != std::string::npos ? "-std=gnu++17" : "-std=c++17";
}

class Parser {
 public:
  explicit Parser(const std::vector<std::string>& arguments) : arguments_(arguments) {}

  Options run() {
    for (; at_ < arguments_.size(); ++at_) {
      const std::string& argument = arguments_[at_];
      if (argument.size() < 2 || argument[0] != '-') {
        input(argument);
      } else if (!ours(argument) && !stage(argument) && !vendors(argument) &&
                 !preprocessing(argument) && !linking(argument)) {
        compiling(argument);
      }
    }
    if (virtual_arch_ != 0 && !arch_given_) options_.arch = virtual_arch_;
    check_sanitizers();
    return options_;
  }

 private:
  // The checks of kernels are calls before each access, which the compiler knows as one sanitizer.
  void check_sanitizers() const {
    for (const std::string& option : options_.compile) {
      if (!options_.sanitize || !option.starts_with("-fsanitize=")) continue;
      for (const char* name : {"address", "thread", "leak"})
        if (option.find(name) != std::string::npos)
          throw UsageError("'" + option +
                           "' and the checks of kernels' accesses exclude each other: add "
                           "--sanitize=off");
    }
  }
  const std::string& value(const std::string& option) {
    if (at_ + 1 >= arguments_.size()) throw UsageError("missing argument to '" + option + "'");
    return arguments_[++at_];
  }
  void pair(std::vector<std::string>& into, const std::string& option) {
    into.push_back(option);
    into.push_back(value(option));
  }
  // -Ipath or -I path, kept as one word.
  void joined(std::vector<std::string>& into, const std::string& option) {
    into.push_back(option.size() > 2 ? option : option + value(option));
  }

  void input(const std::string& path) {
    const std::string extension = std::filesystem::path(path).extension().string();
    Language language = extension == ".mlu"                 ? Language::mlu
                        : among(extension, kHostExtensions) ? Language::host
                                                            : Language::linker;
    const bool forced_mlu = language_ == "mlu" || language_ == "bang";
    if (path == "-" && language_.empty() && options_.stage == Stage::preprocess)
      language = Language::mlu;
    if (!language_.empty()) language = forced_mlu ? Language::mlu : Language::host;
    options_.inputs.push_back({path, language, forced_mlu ? "" : language_});
  }

  bool ours(const std::string& option) {
    if (option == "--help") {
      options_.help = true;
    } else if (option == "--version") {
      options_.version = true;
    } else if (option == "-v") {
      options_.verbose = true;
    } else if (option == "-###") {
      options_.dry_run = true;
    } else if (option.starts_with("--sanitize")) {
      if (option != "--sanitize=on" && option != "--sanitize=off")
        throw UsageError("'" + option + "': write --sanitize=on or --sanitize=off");
      options_.sanitize = option == "--sanitize=on";
    } else if (option == "-o") {
      options_.output = value(option);
    } else if (option.starts_with("-o") && option.size() > 2) {
      options_.output = option.substr(2);
    } else if (option == "-x") {
      language_ = value(option);
      if (language_ == "none") language_.clear();
    } else if (option.starts_with("-std=") || option.starts_with("--std=")) {
      options_.standard = at_least_17(option.substr(option.find("-std")));
    } else if (option.starts_with("-dump") || option.starts_with("-print-")) {
      options_.ask_host = true;
    } else {
      return false;
    }
    return true;
  }

  // As with gcc, what ends first wins.
  bool stage(const std::string& option) {
    Stage stage = Stage::link;
    if (option == "-E") stage = Stage::preprocess;
    if (option == "-M" || option == "-MM") stage = Stage::depend;
    if (option == "-fsyntax-only") stage = Stage::syntax;
    if (option == "-S") stage = Stage::assemble;
    if (option == "-c") stage = Stage::compile;
    if (stage == Stage::link) return false;
    if (stage == Stage::depend) options_.depend.push_back(option);
    options_.stage = std::min(options_.stage, stage);
    return true;
  }

  bool vendors(const std::string& option) {
    if (option.starts_with("--bang-mlu-arch")) {
      options_.arch = parse_arch(value_of(option));
      arch_given_ = true;
    } else if (option.starts_with("--bang-arch")) {
      virtual_arch_ = parse_virtual_arch(value_of(option));
    } else if (among(option, kIgnoredPairs)) {
      value(option);
    } else {
      return std::any_of(kIgnoredPrefixes.begin(), kIgnoredPrefixes.end(),
                         [&](std::string_view prefix) { return option.starts_with(prefix); });
    }
    return true;
  }
  std::string value_of(const std::string& option) {
    const size_t equals = option.find('=');
    return equals == std::string::npos ? value(option) : option.substr(equals + 1);
  }

  bool preprocessing(const std::string& option) {
    if (option == "-MF" || option == "-MT" || option == "-MQ") {
      pair(options_.depend, option);
    } else if (option == "-MD" || option == "-MMD" || option == "-MP" || option == "-MG" ||
               option.starts_with("-MF") || option.starts_with("-MT") ||
               option.starts_with("-MQ")) {
      options_.depend.push_back(option);
    } else if (among(option, kPreprocessPairs)) {
      pair(options_.preprocess, option);
    } else if (option.starts_with("-I") || option.starts_with("-D") || option.starts_with("-U")) {
      joined(options_.preprocess, option);
    } else if (option.starts_with("-Wp,") || option == "-P" || option == "-C" || option == "-CC" ||
               option == "-H" || option == "-undef") {
      options_.preprocess.push_back(option);
    } else {
      return false;
    }
    return true;
  }

  bool linking(const std::string& option) {
    if (option.starts_with("-l")) {
      const std::string library = option.size() > 2 ? option : option + value(option);
      options_.inputs.push_back({library, Language::linker, ""});
    } else if (option.starts_with("-Wl,")) {
      options_.inputs.push_back({option, Language::linker, ""});
    } else if (option.starts_with("-L")) {
      joined(options_.link, option);
    } else if (among(option, kLinkPairs)) {
      pair(options_.link, option);
    } else if (among(option, kLinkWords)) {
      options_.link.push_back(option);
    } else {
      return false;
    }
    return true;
  }

  void compiling(const std::string& option) {
    if (option.starts_with("-O")) options_.optimize_given = true;
    if (option.starts_with("-g")) options_.debug = option != "-g0";
    if (among(option, kCompilePairs)) {
      pair(options_.compile, option);
    } else {
      options_.compile.push_back(option);
    }
  }

  const std::vector<std::string>& arguments_;
  size_t at_ = 0;
  Options options_;
  std::string language_;
  int virtual_arch_ = 0;
  bool arch_given_ = false;
};

}  // namespace

Options parse_options(const std::vector<std::string>& arguments) { return Parser(arguments).run(); }

std::string known_archs() {
  std::string names;
  for (const int arch : kArchs) names += (names.empty() ? "mtp_" : ", mtp_") + std::to_string(arch);
  return names;
}

std::string help_text() {
  return "usage: mlucc [options] file...\n"
         "Compiles BANG C (.mlu) for the MLU simulator, and C++ beside it.\n"
         "\n"
         "  -o FILE                 where the result goes; a.out without it\n"
         "  -c, -S, -E              only compile; to assembly; print the C++ that is compiled\n"
         "  -I -D -U -include -O -g -std= -f -m -W -L -l -shared -MD -MF ...\n"
         "                          as with gcc; what mlucc does not know goes to the host "
         "compiler\n"
         "  --bang-mlu-arch=ARCH    " +
         known_archs() +
         "\n"
         "                          (mtp_372 without it)\n"
         "  --sanitize=on|off       check the scalar memory accesses of kernels (on without it)\n"
         "  -x LANGUAGE             of the inputs that follow: mlu, c++, none\n"
         "  -v, -###                print the commands; and do not run them\n"
         "  --version, --help\n"
         "\n"
         "The host compiler is $MLUCC_CXX, or the one that reel was built with.\n";
}

}  // namespace mlucc
