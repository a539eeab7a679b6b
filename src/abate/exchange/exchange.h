// The exchange: books by price and time. Start at order_book.h.
#pragma once

#include "abate/exchange/order_book.h"
