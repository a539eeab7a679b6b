// The exchange: books by price and time.
//
// Start at market.h for orders with rights, limits and cover (order.h: what can be asked, and every no; order_book.h: what rests; matcher.h: without
// accounts). Auctions are acts of the scheme: scheme/uniform_price.h.
#pragma once

#include "abate/exchange/call.h"
#include "abate/exchange/covered_replay.h"
#include "abate/exchange/feed.h"
#include "abate/exchange/feed_codec.h"
#include "abate/exchange/market.h"
#include "abate/exchange/market_audit.h"
#include "abate/exchange/market_event.h"
#include "abate/exchange/market_rules.h"
#include "abate/exchange/matcher.h"
#include "abate/exchange/order.h"
#include "abate/exchange/order_book.h"
#include "abate/exchange/price_index.h"
#include "abate/exchange/replay.h"
#include "abate/exchange/surveillance.h"
#include "abate/exchange/tape.h"
