// The rules of one programme and who acts under them. Start here.
//
//     Scheme scheme({.tenant_id = 1, .scheme_id = 1});
//     Scheme::Plan plan = scheme.decide(envelope, now, books);    // who asks, may they, does the state allow it
//     ... post plan.postings in the registry, all or none ...
//     scheme.fold(event);                                         // and only then remember it
//
// The engine does these three steps; nobody else should. Every command is signed (command.h) and says in one line who may ask and who must
// approve (authority.h). What is refused has a name (reject_reason.h). The state is built by folding events alone (state.h).
#pragma once

#include "abate/scheme/auctions.h"
#include "abate/scheme/audit.h"
#include "abate/scheme/calendar.h"
#include "abate/scheme/cessation.h"
#include "abate/scheme/compliance_state.h"
#include "abate/scheme/holding.h"
#include "abate/scheme/machine.h"
#include "abate/scheme/names.h"
#include "abate/scheme/period.h"
#include "abate/scheme/report_figures.h"
#include "abate/scheme/settlement.h"
#include "abate/scheme/supervision.h"
#include "abate/scheme/tax.h"
#include "abate/scheme/year_moments.h"
