// SPDX-License-Identifier: Apache-2.0
// Holds the include graph of docs/architecture.md: who may include whom, who may not use Qt, and
// who may start processes.

#include <QtTest>

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace fs = std::filesystem;

namespace {

/// Folder -> folders, or single headers, that it may include. Nothing points back.
const std::map<std::string, std::set<std::string>> kMayUse = {
    {"audit", {}},
    {"storage/process", {}},
    {"storage", {"audit/receipt.h"}},
    {"storage/records", {"storage", "audit/receipt.h"}},
    {"storage/import", {"storage/records"}},
    {"inference/kernels", {}},
    {"inference/model", {"inference/kernels"}},
    {"inference/wire", {}},
    {"inference/engine", {"inference/model", "inference/kernels", "inference/wire"}},
    {"inference/evidence", {"storage/records", "audit/receipt.h"}},
    {"inference/api", {"audit/proof.h", "audit/error.h"}},
    {"inference/service",
     {"inference/api", "inference/evidence", "inference/wire", "storage", "storage/records",
      "storage/import", "audit"}},
    {"app", {"inference/api"}},
};

std::string folderOf(const std::string& path)
{
    std::string best;
    for (const auto& [folder, unused] : kMayUse) {
        if (path.starts_with(folder + "/") && folder.size() > best.size())
            best = folder;
    }
    return best;
}

/// The two sides that keep a worker: the only ones that start a program of ours.
bool supervises(const std::string& file)
{
    static const std::regex kSupervisor(
        "(inference/service|storage/import)/[a-z]+_process_(linux|windows)\\.cpp");
    return std::regex_match(file, kSupervisor);
}

bool isNamedMain(const std::string& file)
{
    return file.ends_with("/main.cpp") || file.ends_with("_main.cpp");
}

/// A program's main() protects its own process; supervisors start others; the daemon tells them
/// where the programs are (docs/decisions/0001). complaintOfFile() sees that a main is one.
bool mayUseProcess(const std::string& file, const std::string& header)
{
    if (header == "storage/process/child.h")
        return supervises(file) || folderOf(file) == "inference/service";
    if (header == "storage/process/cores.h" || header == "storage/process/memory.h")
        return supervises(file) || isNamedMain(file);
    // A file that both the daemon and cloister-model keep.
    if (header == "storage/process/thread_counts.h")
        return folderOf(file) == "inference/service" || folderOf(file) == "inference/engine";
    // And how the daemon keeps others beside it.
    if (header == "storage/process/replace_file.h")
        return folderOf(file) == "inference/service";
    return isNamedMain(file);
}

/// What is left of @p line when comments and the contents of strings are gone.
std::string codeOf(const std::string& line)
{
    static const std::regex kString("\"(\\\\.|[^\"\\\\])*\"");
    const std::string code = std::regex_replace(line, kString, "\"\"");
    return code.substr(0, code.find("//"));
}

/// Starts a process, whoever may: by the system's own calls, by Qt's, or as a supervisor does.
std::optional<std::string> startComplaint(const std::string& file, const std::string& line)
{
    static const std::regex kSystem(
        "\\b((v?fork|exec[lv][pe]*|execveat|fexecve|posix_spawnp?|system|popen|wordexp) *\\(|"
        "clone3? *\\((?!\\))|"
        "SYS_(v?fork|clone3?|execve(at)?)\\b|QProcess\\b|QDesktopServices\\b)");
    static const std::regex kChild("\\b(Child::start|ChildOptions)\\b");
    const std::string code = codeOf(line);
    if (folderOf(file) == "storage/process")
        return std::nullopt;
    if (std::regex_search(code, kSystem))
        return file + " starts a process past storage/process: " + line;
    if (std::regex_search(code, kChild) && !supervises(file))
        return file + " is no supervisor and starts a process: " + line;
    return std::nullopt;
}

/// What one system has and another hasn't belongs to files that say so in their name.
bool isPlatforms(const std::string& file)
{
    return file.ends_with("_linux.cpp") || file.ends_with("_windows.cpp");
}

bool needsPlatform(const std::string& line)
{
    static const std::regex kHeader(
        "#include <((sys|linux|netinet|arpa)/.*|(unistd|fcntl|pthread|sched|poll|signal|termios|"
        "pwd|grp|dlfcn|spawn|dirent|windows|winsock2|io|seccomp)\\.h)>.*");
    return std::regex_match(line, kHeader);
}

/// The complaint about one line of @p file, a path from the root of the project.
std::optional<std::string> complaint(const std::string& file, const std::string& line)
{
    const std::string folder = folderOf(file);
    if (line.starts_with("#include <Q") && folder != "app")
        return file + " uses Qt: " + line;
    if (needsPlatform(line) && !isPlatforms(file))
        return file + " is for every platform: " + line;
    if (!line.starts_with("#include \""))
        return std::nullopt;
    const std::string header = line.substr(10, line.find('"', 10) - 10);
    const std::string used = folderOf(header);
    if (used.empty())
        return header.starts_with("tests/") ? std::optional(file + " includes a test: " + line)
                                            : std::nullopt;
    if (used == folder || kMayUse.at(folder).contains(used) || kMayUse.at(folder).contains(header))
        return std::nullopt;
    if (used == "storage/process" && mayUseProcess(file, header))
        return std::nullopt;
    return file + " may not include " + header;
}

/// The first complaint about @p file, whose content is @p text.
std::optional<std::string> complaintOfFile(const std::string& file, const std::string& text)
{
    bool isMain = false;
    bool protects = false;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (auto found = complaint(file, line))
            return found;
        if (auto found = startComplaint(file, line))
            return found;
        isMain = isMain || line.starts_with("int main(");
        protects = protects || line.starts_with("#include \"storage/process/");
    }
    if (protects && isNamedMain(file) && !isMain)
        return file + " is called a main and is none";
    return std::nullopt;
}

} // namespace

class TestLayers : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void everyIncludeFollowsTheGraph()
    {
        const fs::path root = PROJECT_ROOT;
        std::size_t files = 0;
        for (const char* top : {"app", "audit", "inference", "storage"}) {
            for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
                const auto extension = entry.path().extension();
                if (extension != ".cpp" && extension != ".h")
                    continue;
                ++files;
                const std::string name = fs::relative(entry.path(), root).string();
                std::ifstream source(entry.path());
                std::ostringstream text;
                text << source.rdbuf();
                const auto found = complaintOfFile(name, text.str());
                QVERIFY2(!found, found ? found->c_str() : "");
            }
        }
        QVERIFY(files > 20);
    }

    void seesWhatTheGraphForbids()
    {
        QVERIFY(complaint("audit/log.cpp", "#include \"storage/secret.h\""));
        QVERIFY(complaint("audit/log.cpp", "#include <QString>"));
        QVERIFY(complaint("storage/vault.cpp", "#include \"audit/log.h\""));
        QVERIFY(complaint("app/main_window.cpp", "#include \"inference/service/answer.h\""));
        QVERIFY(complaint("inference/kernels/rope.cpp", "#include \"inference/model/config.h\""));
        QVERIFY(complaint("inference/model/llama.cpp", "#include \"storage/process/sandbox.h\""));
        QVERIFY(!complaint("storage/vault.cpp", "#include \"audit/receipt.h\""));
        QVERIFY(!complaint("app/main_window.cpp", "#include \"inference/api/client.h\""));
    }

    void seesWhatBelongsToOnePlatform()
    {
        for (const char* line : {"#include <unistd.h>", "#include <sys/socket.h> // for send",
                                 "#include <linux/landlock.h>", "#include <windows.h>"}) {
            QVERIFY2(complaint("inference/service/daemon.cpp", line), line);
            QVERIFY2(complaint("inference/service/platform.h", line), line);
            QVERIFY2(!complaint("inference/service/daemon_linux.cpp", line), line);
            QVERIFY2(!complaint("inference/service/daemon_windows.cpp", line), line);
        }
        for (const char* line : {"#include <csignal>", "#include <system_error>",
                                 "#include <immintrin.h>", "#include <iostream>"})
            QVERIFY2(!complaint("inference/service/daemon.cpp", line), line);
    }

    void seesWhoIsNoSupervisor()
    {
        const std::string child = "#include \"storage/process/child.h\"\n";
        const std::string sandbox = "#include \"storage/process/sandbox.h\"\n";
        const std::string main = "int main(int argc, char** argv)\n";
        // A name that only sounds right opens nothing.
        for (const char* file :
             {"app/child_process_linux.cpp", "inference/model/processor.cpp", "storage/sandbox.cpp",
              "storage/import/process_report.cpp", "inference/engine/engine_process_linux.cpp"})
            QVERIFY2(complaintOfFile(file, child), file);
        for (const char* file : {"inference/service/routes.cpp", "storage/import/sandbox_text.cpp",
                                 "app/process_view.cpp", "inference/service/engine_process.h"})
            QVERIFY2(complaintOfFile(file, sandbox), file);
        QVERIFY(complaintOfFile("app/domain.cpp", sandbox + main));
        QVERIFY(complaintOfFile("app/second_main.cpp", sandbox));
        QVERIFY(complaintOfFile("inference/service/routes.cpp",
                                child + "auto one = process::Child::start(options);"));
        const std::string counts = "#include \"storage/process/thread_counts.h\"\n";
        for (const char* file : {"app/domain.cpp", "inference/model/llama.cpp", "storage/key.cpp"})
            QVERIFY2(complaintOfFile(file, counts), file);
        const std::string replacing = "#include \"storage/process/replace_file.h\"\n";
        for (const char* file : {"app/domain.cpp", "inference/engine/any.cpp"})
            QVERIFY2(complaintOfFile(file, replacing), file);

        // The controls: those who may.
        const std::string starts = child + "auto one = process::Child::start(options);\n";
        QVERIFY(!complaintOfFile("inference/service/engine_process_linux.cpp", starts));
        QVERIFY(!complaintOfFile("storage/import/importer_process_linux.cpp", starts));
        QVERIFY(!complaintOfFile("app/second_main.cpp", sandbox + main));
        for (const char* file : {"inference/service/any.cpp", "inference/engine/any.cpp"})
            QVERIFY2(!complaintOfFile(file, counts), file);
        QVERIFY(!complaintOfFile("inference/service/any.cpp", replacing));
        QVERIFY(!complaintOfFile("inference/service/daemon.cpp",
                                 child + "process::besideThisProgram(name);"));
    }

    void seesEveryWayToStartAProcess()
    {
        for (const char* line :
             {"    const pid_t pid = ::fork();", "if (vfork() == 0)", "execve(path, args, env);",
              "::execvp(path, args);", "execl (path, nullptr);", "posix_spawn(&pid, path);",
              "std::system(command);", "FILE* out = popen(command, mode);",
              "clone(start, stack, flags, nullptr);", "syscall(SYS_clone3, &how, sizeof how);",
              "QProcess shell;", "#include <QProcess>", "QDesktopServices::openUrl(link);"}) {
            QVERIFY2(startComplaint("app/main_window.cpp", line), line);
            QVERIFY2(startComplaint("inference/service/engine_process_linux.cpp", line), line);
            QVERIFY2(!startComplaint("storage/process/child_linux.cpp", line), line);
        }
        // What only looks alike.
        for (const char* line :
             {"return QApplication::exec();", "statement.exec();", "std::system_error(code);",
              "audit::systemFiles().open(file);", "// fork() would copy the keys",
              "say(\"system(x) is refused\");", "filter.deny(ENOSYS, SCMP_SYS(clone3));",
              "pitchfork(1);", "Formatter clone() const override", "executor(task);"})
            QVERIFY2(!startComplaint("app/main_window.cpp", line), line);
    }
};

QTEST_GUILESS_MAIN(TestLayers)
#include "tst_layers.moc"
