#pragma once

// Sources for the card include this header; everything of it is in bang.h.

#include <bang.h>
