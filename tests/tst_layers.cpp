// SPDX-License-Identifier: Apache-2.0
// Holds the include graph of docs/architecture.md: who may include whom, and who may not use Qt.

#include <QtTest>

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
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

/// A main() composes its process: it may harden it and enter its sandbox (docs/decisions/0001).
bool mayUseProcess(const std::string& folder, const std::string& file)
{
    return folder == "inference/service" || file.ends_with("main.cpp") ||
           file.contains("sandbox") || file.contains("process");
}

std::string folderOf(const std::string& path)
{
    std::string best;
    for (const auto& [folder, unused] : kMayUse) {
        if (path.starts_with(folder + "/") && folder.size() > best.size())
            best = folder;
    }
    return best;
}

/// The complaint about one line of @p file, a path from the root of the project.
std::optional<std::string> complaint(const std::string& file, const std::string& line)
{
    const std::string folder = folderOf(file);
    if (line.starts_with("#include <Q") && folder != "app")
        return file + " uses Qt: " + line;
    if (!line.starts_with("#include \""))
        return std::nullopt;
    const std::string header = line.substr(10, line.find('"', 10) - 10);
    const std::string used = folderOf(header);
    if (used.empty())
        return header.starts_with("tests/") ? std::optional(file + " includes a test: " + line)
                                            : std::nullopt;
    if (used == folder || kMayUse.at(folder).contains(used) || kMayUse.at(folder).contains(header))
        return std::nullopt;
    if (used == "storage/process" && mayUseProcess(folder, file))
        return std::nullopt;
    return file + " may not include " + header;
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
                for (std::string line; std::getline(source, line);) {
                    const auto found = complaint(name, line);
                    QVERIFY2(!found, found ? found->c_str() : "");
                }
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
};

QTEST_GUILESS_MAIN(TestLayers)
#include "tst_layers.moc"
