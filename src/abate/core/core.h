// Front door of `core`: how a call says "no", identifiers, clock and chance as arguments,
// assertions. Start with result.h.
#pragma once

#include "abate/core/assert.h"
#include "abate/core/clock.h"
#include "abate/core/crc32c.h"
#include "abate/core/error_map.h"
#include "abate/core/fault.h"
#include "abate/core/file_error.h"
#include "abate/core/id.h"
#include "abate/core/nearest.h"
#include "abate/core/number_bytes.h"
#include "abate/core/plain_text.h"
#include "abate/core/random.h"
#include "abate/core/read_file.h"
#include "abate/core/result.h"
#include "abate/core/version.h"
