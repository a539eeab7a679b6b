#include "abate/exchange/order_book.h"

#include <gtest/gtest.h>
