// SPDX-License-Identifier: Apache-2.0
// Beast's bodies, compiled once for the program (BOOST_BEAST_SEPARATE_COMPILATION).
#include <boost/beast/src.hpp>
