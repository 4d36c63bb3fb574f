#include "driver.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <unistd.h>

#include "rewrite.h"

namespace fs = std::filesystem;

namespace mlucc {

namespace {

void append(std::vector<std::string>& to, const std::vector<std::string>& words) {
  to.insert(to.end(), words.begin(), words.end());
}

void append(std::vector<std::string>& to, const std::string& word) {
  if (!word.empty()) to.push_back(word);
}

void complain(const std::string& message) { std::cerr << "mlucc: " << message << std::endl; }

bool is_option(const Input& input) { return input.text.size() > 1 && input.text[0] == '-'; }

// All of a file; false after a message.
bool read_all(const std::string& path, std::string& text) {
  std::ifstream file(path, std::ios::binary);
  text.assign(std::istreambuf_iterator<char>(file), {});
  if (file.good() || file.eof()) return true;
  complain("error: " + path + ": " + std::strerror(errno));
  return false;
}

bool write_all(const std::string& path, const std::string& text) {
  if (path == "-") return static_cast<bool>(std::cout << text << std::flush);
  std::ofstream file(path, std::ios::binary);
  if (file << text << std::flush) return true;
  complain("error: " + path + ": " + std::strerror(errno));
  return false;
}

}  // namespace

Driver::Driver(Options options, Toolchain toolchain)
    : options_(std::move(options)), toolchain_(std::move(toolchain)) {}

int Driver::run() {
  check_inputs();
  std::vector<std::string> objects;
  for (const Input& input : options_.inputs) {
    throw_if_interrupted();
    objects.push_back(process(input));
  }
  if (!failed_ && options_.stage == Stage::link) link(objects);
  return failed_ ? 1 : 0;
}

void Driver::check_inputs() {
  size_t sources = 0, files = 0;
  std::vector<Input> found;
  for (const Input& input : options_.inputs) {
    const bool is_file = !is_option(input) && input.text != "-";
    if (is_file && access(input.text.c_str(), R_OK) != 0) {
      complain("error: " + input.text + ": " + std::strerror(errno));
      failed_ = true;
      continue;
    }
    if (is_file && fs::is_directory(input.text)) {
      complain("error: " + input.text + ": is a folder");
      failed_ = true;
      continue;
    }
    found.push_back(input);
    if (!is_option(input)) ++files;
    if (input.language != Language::linker) ++sources;
  }
  options_.inputs = found;
  if (files == 0) throw UsageError("fatal error: no input files\ncompilation terminated.");
  const bool many = options_.stage != Stage::link && sources > 1;
  if (many && !options_.output.empty())
    throw UsageError(
        "fatal error: cannot specify '-o' with '-c', '-S' or '-E' with multiple files\n"
        "compilation terminated.");
}

std::string Driver::process(const Input& input) {
  if (input.language == Language::linker) {
    if (options_.stage != Stage::link && !is_option(input))
      complain("warning: " + input.text + ": linker input file unused because linking not done");
    return input.text;
  }
  std::string output = result_name(input).empty() ? temporary(input, ".o") : result_name(input);
  const bool mlu = input.language == Language::mlu;
  if (mlu ? compile_mlu(input, output) : compile_host(input, output)) return output;
  failed_ = true;
  return "";
}

// What the user gets of one input; empty for an object that is only linked.
std::string Driver::result_name(const Input& input) const {
  const std::string stem = fs::path(input.text).stem().string();
  const bool named = !options_.output.empty();
  switch (options_.stage) {
    case Stage::link:
      return "";
    case Stage::compile:
      return named ? options_.output : stem + ".o";
    case Stage::assemble:
      return named ? options_.output : stem + ".s";
    default:
      return named ? options_.output : "-";
  }
}

std::string Driver::temporary(const Input& input, const std::string& extension) {
  const std::string stem = fs::path(input.text).stem().string();
  return temp_.file(std::to_string(temporaries_++) + "-" + stem + extension);
}

// The preprocessor would name the rule's target and its file after our temporary ones.
void Driver::add_depend(Command& command, const Input& input, const std::string& object) const {
  if (options_.depend.empty()) return;
  bool target = false, file = options_.stage == Stage::depend;
  for (const std::string& word : options_.depend) {
    target |= word.starts_with("-MT") || word.starts_with("-MQ");
    file |= word.starts_with("-MF");
  }
  append(command, options_.depend);
  const bool temporary_object = options_.stage == Stage::link;
  const std::string stem = fs::path(input.text).stem().string();
  const bool prints = options_.stage < Stage::assemble;
  const std::string name = temporary_object || prints ? stem + ".o" : object;
  if (!target) append(command, Command{"-MT", name});
  if (!file) append(command, Command{"-MF", fs::path(name).replace_extension(".d").string()});
}

bool Driver::compile_mlu(const Input& input, const std::string& output) {
  const std::string expanded = temporary(input, ".ii"), rewritten = temporary(input, ".mlu.ii");
  Command command = host();
  append(command, Command{"-E", "-x", "c++", options_.standard});
  append(command, default_optimization(options_));
  append(command, toolchain_.definitions(options_));
  append(command, options_.preprocess);
  append(command, options_.compile);
  add_depend(command, input, output);
  append(command, input.text);
  const bool depend = options_.stage == Stage::depend;
  if (!depend || output != "-") append(command, Command{"-o", depend ? output : expanded});
  if (!execute(command)) return false;
  if (depend) return true;

  const bool print = options_.stage == Stage::preprocess;
  if (!rewrite_file(input.text, expanded, print ? output : rewritten)) return false;
  if (print) return true;

  command = host();
  append(command, Command{"-x", "c++-cpp-output", options_.standard});
  append(command, default_optimization(options_));
  append(command, toolchain_.code_generation(options_));
  append(command, options_.compile);
  if (options_.stage == Stage::syntax) {
    append(command, Command{"-fsyntax-only", rewritten});
  } else {
    append(command,
           Command{options_.stage == Stage::assemble ? "-S" : "-c", rewritten, "-o", output});
  }
  return execute(command);
}

bool Driver::rewrite_file(const std::string& input, const std::string& from,
                          const std::string& to) {
  if (options_.verbose || options_.dry_run)
    std::cerr << "# rewrite " << from << " to " << to << std::endl;
  if (options_.dry_run) return true;
  std::string text;
  if (!read_all(from, text)) return false;
  try {
    return write_all(to, rewrite(text, input, toolchain_.include_dir));
  } catch (const RewriteError& error) {
    std::cerr << error.what() << std::endl;
    return false;
  }
}

bool Driver::compile_host(const Input& input, const std::string& output) {
  Command command = host();
  if (!input.forced.empty()) append(command, Command{"-x", input.forced});
  const std::string extension = fs::path(input.text).extension().string();
  const bool c_plus_plus = input.forced.empty() ? extension[1] != 's' && extension[1] != 'S'
                                                : input.forced.starts_with("c++");
  if (c_plus_plus) append(command, options_.standard);
  append(command, default_optimization(options_));
  append(command, "-I" + toolchain_.include_dir);
  append(command, options_.preprocess);
  append(command, options_.compile);
  add_depend(command, input, output);
  const char* flag = options_.stage == Stage::preprocess ? "-E"
                     : options_.stage == Stage::syntax   ? "-fsyntax-only"
                     : options_.stage == Stage::assemble ? "-S"
                                                         : "-c";
  if (options_.stage != Stage::depend) append(command, std::string(flag));
  append(command, input.text);
  if (output != "-") append(command, Command{"-o", output});
  return execute(command);
}

bool Driver::link(const std::vector<std::string>& objects) {
  if (toolchain_.library_dir.empty() && !options_.dry_run)
    throw std::runtime_error(std::string("error: libreel_mlu.so is neither in ") +
                             MLUCC_LIBRARY_FROM_PROGRAM + " beside mlucc nor in " +
                             MLUCC_BUILT_LIBRARY + ": build the target reel_mlu");
  Command command = host();
  append(command, options_.compile);
  append(command, options_.link);
  append(command, Command{"-o", options_.output.empty() ? "a.out" : options_.output});
  append(command, objects);
  append(command, Command{"-L" + toolchain_.library_dir, "-Wl,-rpath," + toolchain_.library_dir,
                          "-lreel_mlu", "-lpthread", "-ldl"});
  return execute(command);
}

bool Driver::execute(const Command& command) {
  if (options_.verbose || options_.dry_run) std::cerr << ' ' << quoted(command) << std::endl;
  if (options_.dry_run) return true;
  const int status = mlucc::run(command);
  if (status > 128)
    complain("error: " + command.front() + " was ended by signal " + std::to_string(status - 128) +
             " (" + strsignal(status - 128) + ")");
  failed_ |= status != 0;
  return status == 0;
}

namespace {

int run_options(const std::vector<std::string>& arguments) {
  const Options options = parse_options(arguments);
  if (options.help) {
    std::cout << help_text();
    return 0;
  }
  const Toolchain toolchain = find_toolchain();
  if (options.ask_host) {
    std::vector<std::string> command = toolchain.cxx;
    command.insert(command.end(), arguments.begin(), arguments.end());
    return run(command);
  }
  if (options.version) {
    std::cout << "mlucc " << MLUCC_VERSION << " (reel), BANG C for the MLU simulator\n"
              << "host compiler: " << quoted(toolchain.cxx)
              << "\nheaders: " << toolchain.include_dir << "\nlibrary: "
              << (toolchain.library_dir.empty() ? "not built" : toolchain.library_dir) << "\n";
    return 0;
  }
  return Driver(options, toolchain).run();
}

}  // namespace

int run_driver(const std::vector<std::string>& arguments) {
  try {
    catch_signals();
    return run_options(arguments);
  } catch (const UsageError& error) {
    const std::string message = error.what();
    complain((message.starts_with("fatal") ? "" : "error: ") + message);
  } catch (const Interrupted& interrupted) {
    die_of(interrupted.signal);
  } catch (const std::exception& error) {
    complain(error.what());
  }
  return 1;
}

}  // namespace mlucc
