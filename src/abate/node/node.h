// The room of the one writer: a thread a scheme that stamps the time, batches, applies, commits and only then answers. Start with
// sequencer.h.
#pragma once

#include "abate/node/sequencer.h"
