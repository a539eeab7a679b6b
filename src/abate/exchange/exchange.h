// The exchange: books by price and time.
//
// Start at matcher.h for orders (order.h: what can be asked, and every no; order_book.h: what rests). Auctions are acts of the scheme:
// scheme/uniform_price.h.
#pragma once

#include "abate/exchange/matcher.h"
#include "abate/exchange/order.h"
#include "abate/exchange/order_book.h"
#include "abate/exchange/replay.h"
#include "abate/exchange/tape.h"
