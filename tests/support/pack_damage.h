// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QTest>

#include <cstddef>
#include <string>

/// A damaged pack file (docs/formats/pack.md), for tests of those that keep packs.
namespace support {

/// Rows of a column "at", for packDamagedAt(): one for each part of the file.
inline void addPackDamages()
{
    QTest::addColumn<int>("at"); // negative: from the end
    QTest::newRow("seal") << 3;
    QTest::newRow("hash") << 20;
    QTest::newRow("header") << 80;
    QTest::newRow("table") << 300;
    QTest::newRow("strips") << -5000;
}

[[nodiscard]] inline std::string packDamagedAt(int at, std::string pack)
{
    pack[static_cast<std::size_t>(at < 0 ? static_cast<int>(pack.size()) + at : at)] ^= 1;
    return pack;
}

} // namespace support
