// SPDX-License-Identifier: Apache-2.0
#pragma once
// The one place that includes the test library (Catch2 v2).
#include <catch2/catch.hpp>
