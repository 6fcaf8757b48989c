// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/process/error.h"

namespace process {

/// What every main() does first: no core dumps (limit 0, not dumpable, so that no debugger of the
/// same user can attach either), no new privileges by exec, files created for the owner only
/// (umask 077). Not dumpable is lost at exec, so each program calls this itself.
/// Errors: NotHardened; the caller ends.
Result<void> harden();

/// Forbids this process to make memory executable, from now on. Children are not bound by it: the
/// engine needs executable memory for oneDNN. Returns false where the kernel can't (before 6.6).
bool denyExecutableMemory();

/// A peer that is gone becomes an error code of a write, not the end of this process.
void ignoreBrokenPipes();

} // namespace process
