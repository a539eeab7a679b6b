// The exchange: books by price and time, auctions at one price.
//
// Start at matcher.h for orders (order.h: what can be asked, and every no; order_book.h: what rests), at auction.h for auctions.
#pragma once

#include "abate/exchange/auction.h"
#include "abate/exchange/call.h"
#include "abate/exchange/feed.h"
#include "abate/exchange/feed_codec.h"
#include "abate/exchange/matcher.h"
#include "abate/exchange/order.h"
#include "abate/exchange/order_book.h"
#include "abate/exchange/replay.h"
#include "abate/exchange/tape.h"
