// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/theme.h"

#include <QString>

namespace app {

/// What the program keeps on this computer besides the audit checkpoint: how it looks. Never who
/// signed in, never anything about a patient.
struct Settings {
    ThemeChoice theme = ThemeChoice::System;
    int textScale = 100; // percent
};

[[nodiscard]] Settings loadSettings();
void saveSettings(const Settings& settings);
/// "light", "dark" or "system"; anything else: false, and @p choice unchanged.
[[nodiscard]] bool parseTheme(const QString& word, ThemeChoice& choice);

} // namespace app
