#pragma once

#include <c10/c10.h>
