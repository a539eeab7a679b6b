// Front door of `store`: where runs are kept. Start with run_store.h; spool.h is for runs that
// still go on, journal_store.h for the registry.
#pragma once

#include "abate/store/journal_store.h"
#include "abate/store/run_store.h"
#include "abate/store/spool.h"
