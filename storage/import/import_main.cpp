// SPDX-License-Identifier: Apache-2.0
#include "storage/import/codec.h"
#include "storage/import/descriptor_io.h"
#include "storage/import/limits.h"
#include "storage/import/report.h"
#include "storage/import/sha256.h"
#include "storage/process/harden.h"
#include "storage/process/probe.h"
#include "storage/process/sandbox.h"

#include <cstdio>
#include <string_view>

/// cloister-import: reads one untrusted document, confined, and says what is in it.
/// Exit: 0 done, 1 refused, 2 wrong arguments or no sandbox.
namespace {

constexpr int kRefused = 1;
constexpr int kUnusable = 2;
constexpr const char* kUsage =
    "usage: cloister-import --check FILE   says what is in a FHIR R4 bundle, and imports nothing\n"
    "       cloister-import                as cloisterd starts it: document in, record out";
constexpr int kInput = 0;
constexpr int kOutput = 1;
/// The document, simdjson's index of it (4 bytes for each byte at most) and strings, the chart and
/// its encoding: about 2.5 GiB for the largest document.
constexpr std::uint64_t kAddressSpaceBytes = std::uint64_t{4} << 30;

void say(std::string_view sentence)
{
    std::fprintf(stderr, "cloister-import: %.*s\n", static_cast<int>(sentence.size()),
                 sentence.data());
}

/// From here on nothing but the inherited descriptors is within reach.
imports::Result<void> confine()
{
    imports::prepareSha256();
    process::denyExecutableMemory(); // where the kernel can't, the sandbox still does
    process::ImporterLimits limits;
    limits.addressSpaceBytes = kAddressSpaceBytes;
    limits.processorTime = imports::kMaxImportTime;
    if (const auto entered = process::enterImporterSandbox(limits); !entered)
        return std::unexpected(imports::Error{imports::Errc::Sandbox, entered.error().detail});
    return {};
}

imports::Result<imports::ImportedDocument> readDocument(int descriptor)
{
    auto bytes = imports::readAll(descriptor, imports::kMaxDocumentBytes);
    if (!bytes)
        return std::unexpected(bytes.error());
    return imports::readFhirBundle(std::move(*bytes));
}

/// The daemon's importer: document on stdin, normalised record or refusal on stdout.
int normalise()
{
    if (const auto confined = confine(); !confined) {
        say(confined.error().detail);
        return kUnusable;
    }
    auto document = readDocument(kInput);
    const std::string encoded = document ? imports::encodeDocument(std::move(*document))
                                         : imports::encodeRefusal(document.error());
    if (const auto written = imports::writeAll(kOutput, encoded); !written) {
        say(written.error().detail);
        return kUnusable;
    }
    return document ? 0 : kRefused;
}

int check(const std::string& path)
{
    const auto file = imports::openForReading(path);
    auto document = [&]() -> imports::Result<imports::ImportedDocument> {
        if (!file)
            return std::unexpected(file.error());
        if (const auto confined = confine(); !confined)
            return std::unexpected(confined.error());
        return readDocument(*file);
    }();
    const std::string report =
        (document ? imports::reportJson(*document) : imports::refusalJson(document.error())) + "\n";
    if (!imports::writeAll(kOutput, report))
        return kUnusable;
    return document ? 0 : kRefused;
}

int probe(bool inside)
{
    if (inside) {
        if (const auto confined = confine(); !confined) {
            say(confined.error().detail);
            return kUnusable;
        }
    }
    const std::string report = process::toJson(process::probeForbidden(process::Sandbox::Importer));
    return imports::writeAll(kOutput, report + "\n") ? 0 : kUnusable;
}

} // namespace

int main(int argc, char** argv)
{
    if (const auto hardened = process::harden(); !hardened) {
        say(hardened.error().detail);
        return kUnusable;
    }
    const std::string_view verb = argc > 1 ? argv[1] : "";
    if (argc == 1)
        return normalise();
    if (verb == "--check" && argc == 3)
        return check(argv[2]);
    if (verb == "--probe-sandbox" && argc == 2)
        return probe(true);
    if (verb == "--probe-sandbox=outside" && argc == 2)
        return probe(false);
    if (verb == "--help" && argc == 2)
        return std::puts(kUsage) >= 0 && std::fflush(stdout) == 0 ? 0 : kUnusable;
    std::fprintf(stderr, "%s\n", kUsage);
    return kUnusable;
}
