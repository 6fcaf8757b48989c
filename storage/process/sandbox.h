// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/process/error.h"

#include <chrono>
#include <cstdint>

namespace process {

/// The sandboxes are seccomp filters for all threads at once (TSYNC), never taken off again. The
/// engine's and the importer's list what is allowed; every other call fails with EPERM and does
/// nothing. It fails instead of killing, so that a denied call can be tested (probe.h) and a
/// library that asks needlessly survives; calls of a foreign instruction set (i386, x32) kill the
/// process. clone3 says ENOSYS, its arguments can't be seen by a filter; the C library then uses
/// clone.
///
/// Errors of all: NotSandboxed; the caller must end without having looked at its input.

/// For cloister-engine. Left: read, write, send and poll on inherited descriptors, memory
/// (executable too: oneDNN compiles its kernels), threads, futexes, clocks, random numbers, exit.
/// Nothing that names a file, a socket, another process or a program.
Result<void> enterEngineSandbox();

struct ImporterLimits {
    std::uint64_t addressSpaceBytes = 2ULL << 30;
    std::chrono::seconds processorTime{120};
};

/// For cloister-import. As the engine's, but no executable memory and no threads; memory and
/// processor time are limited (memory not under AddressSanitizer, which reserves terabytes).
Result<void> enterImporterSandbox(const ImporterLimits& limits);

/// For the client, which runs beside a desktop: everything that a Qt program does, but sockets of
/// the family AF_UNIX only, and no io_uring (which would open sockets unseen), ptrace, bpf or
/// reading of other processes' memory.
Result<void> enterClientSandbox();

} // namespace process
