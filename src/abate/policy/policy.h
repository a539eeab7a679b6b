// The policy lab: what a rule would do, before it is law. Start with firm.h (one firm at a price), equilibrium.h (the price of many), path.h
// (prices over years with a bank), updating.h (where what is given follows output), power.h (where somebody sets the price), scenario.h (a whole
// question), answers.h (what is said of it).
#pragma once

#include "abate/policy/answer.h"
#include "abate/policy/answers.h"
#include "abate/policy/equilibrium.h"
#include "abate/policy/firm.h"
#include "abate/policy/path.h"
#include "abate/policy/power.h"
#include "abate/policy/scenario.h"
#include "abate/policy/updating.h"
