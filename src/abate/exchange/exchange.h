// The exchange: books by price and time (order_book.h), auctions at one price (auction.h).
#pragma once

#include "abate/exchange/auction.h"
#include "abate/exchange/order_book.h"
