// The registry: who holds which allowances and how much money, double entry.
//
//     Registry registry;
//     registry.apply({.op = Op::open_participant, .id = {0, 1}, .participant = lab, .group = GroupId{1}}, now, journal);
//     registry.apply({.op = Op::open_account, .kind = AccountKind::holding, .id = {0, 2}, .from = AccountId{12}, .participant = lab}, ...);
//     Outcome sold = registry.apply({.op = Op::transfer, ...}, now, journal);
//     if (sold.reason != Reason::ok) ...                          // words: docs/reference/reject_reasons.md
//
// Decide, then fold: apply() asks what the books say, gives the event to the sink, and folds it. The books can be built again from the
// events alone, without asking anything: fold(). Nothing here reads a clock, a file or chance.
//
// What always holds (invariant.h checks it): for each asset the posted balances of all accounts sum to 0, so issued = held + retired;
// nothing but issuance, bank and deficit accounts is below 0; what is reserved is there; nothing leaves a retirement account; whatever
// was done stays done: there is no operation that takes back a completed transfer.
//
// Not thread-safe: one writer. Memory: 144 bytes an id, 128 bytes and 8 an account.
#pragma once

#include "abate/registry/audit.h"
#include "abate/registry/command.h"
#include "abate/registry/event_codec.h"
#include "abate/registry/invariant.h"
#include "abate/registry/machine.h"
#include "abate/registry/reject_reason.h"
#include "abate/registry/snapshot.h"
