// SPDX-License-Identifier: Apache-2.0
// cloister-verify: checks an export of the audit log with nothing but a checkpoint that was kept
// elsewhere and the log's public key. docs/formats/audit-export.md
#include "audit/mapped_file.h"
#include "audit/verify.h"
#include "storage/process/harden.h"

#include <cstdio>
#include <iostream>
#include <optional>
#include <span>
#include <string>

#include <nlohmann/json.hpp>

namespace {

constexpr int kRight = 0;
constexpr int kWrong = 1;
constexpr int kUsage = 2;

constexpr std::string_view kUsageText =
    "usage: cloister-verify FILE --checkpoint OLD --public-key KEY [--json]\n"
    "  FILE   an export of the audit log\n"
    "  OLD    a checkpoint of that log that was kept elsewhere\n"
    "  KEY    the log's public key line, or a file that holds it\n"
    "exit status: 0 the export is right, 1 it is wrong, 2 it was not checked\n";

struct Arguments {
    std::string file;
    std::string checkpoint;
    std::string publicKey;
    bool json = false;
};

std::optional<Arguments> parse(std::span<char* const> given)
{
    Arguments arguments;
    for (std::size_t i = 1; i < given.size(); ++i) {
        const std::string argument = given[i];
        std::string* value = argument == "--checkpoint"   ? &arguments.checkpoint
                             : argument == "--public-key" ? &arguments.publicKey
                                                          : nullptr;
        if (value) {
            if (++i == given.size() || !value->empty())
                return std::nullopt;
            *value = given[i];
        } else if (argument == "--json") {
            arguments.json = true;
        } else if (argument.starts_with("--") || !arguments.file.empty()) {
            return std::nullopt;
        } else {
            arguments.file = argument;
        }
    }
    if (arguments.file.empty() || arguments.checkpoint.empty() || arguments.publicKey.empty())
        return std::nullopt;
    return arguments;
}

int notChecked(const Arguments& arguments, const std::string& why)
{
    if (arguments.json)
        std::cout << nlohmann::json{{"result", "not_checked"}, {"detail", why}}.dump() << '\n';
    else
        std::cerr << "not checked: " << why << '\n';
    return kUsage;
}

int tell(const Arguments& arguments, const audit::Finding& finding)
{
    if (!arguments.json) {
        std::cout << "wrong: " << finding.detail << '\n';
        if (finding.entry && finding.range)
            std::cout << "entries from " << finding.range->first << " on cannot be proven right\n";
        return kWrong;
    }
    nlohmann::json out{
        {"result", "wrong"}, {"wrong", audit::nameOf(finding.wrong)}, {"detail", finding.detail}};
    if (finding.entry)
        out["entry"] = *finding.entry;
    if (finding.range)
        out["range"] = {finding.range->first, finding.range->second};
    std::cout << out.dump() << '\n';
    return kWrong;
}

int tell(const Arguments& arguments, const audit::Verified& verified)
{
    if (arguments.json) {
        const nlohmann::json out{{"result", "right"},
                                 {"origin", verified.origin},
                                 {"entries", verified.entries},
                                 {"checkpoint_entries", verified.olderSize},
                                 {"committed_fields", verified.committedFields},
                                 {"disclosed_fields", verified.disclosedFields}};
        std::cout << out.dump() << '\n';
        return kRight;
    }
    std::cout << "right: " << verified.entries << " entries of " << verified.origin
              << ", all signed for; it begins with the " << verified.olderSize
              << " entries of the kept checkpoint; " << verified.disclosedFields << " of "
              << verified.committedFields << " committed fields are disclosed, rightly\n";
    return kRight;
}

/// The key line itself, or the file that holds it.
audit::Result<std::string> keyLineOf(const std::string& given)
{
    if (audit::parseKeyLine(given))
        return given;
    const auto file = audit::MappedFile::open(given);
    if (!file)
        return std::unexpected(file.error());
    return std::string(audit::asText(file->bytes()));
}

int run(const Arguments& arguments)
{
    const auto key = keyLineOf(arguments.publicKey);
    if (!key)
        return notChecked(arguments, "the public key: " + key.error().detail);
    const auto older = audit::MappedFile::open(arguments.checkpoint);
    if (!older)
        return notChecked(arguments, "the checkpoint: " + older.error().detail);
    const auto file = audit::MappedFile::open(arguments.file);
    if (!file)
        return notChecked(arguments, "the export: " + file.error().detail);

    const auto verifier = audit::Verifier::create(audit::asText(older->bytes()), *key);
    if (!verifier && verifier.error().code == audit::Errc::Key)
        return notChecked(arguments, "the public key: " + verifier.error().detail);
    if (!verifier)
        return tell(arguments, audit::Finding{audit::Wrong::Checkpoint,
                                              {},
                                              {},
                                              "the kept checkpoint: " + verifier.error().detail});
    const auto verdict = verifier->verify(file->bytes());
    return verdict ? tell(arguments, *verdict) : tell(arguments, verdict.error());
}

} // namespace

int main(int argc, char* argv[])
{
    if (!process::harden()) {
        std::fputs("not checked: this process could not be hardened\n", stderr);
        return kUsage;
    }
    if (argc == 2 && std::string_view(argv[1]) == "--help") {
        std::cout << kUsageText << std::flush;
        return std::cout ? kRight : kUsage;
    }
    const auto arguments = parse(std::span(argv, static_cast<std::size_t>(argc)));
    if (!arguments) {
        std::cerr << kUsageText;
        return kUsage;
    }
    return run(*arguments);
}
