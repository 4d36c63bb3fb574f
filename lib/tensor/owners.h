#pragma once

// std::shared_ptr and std::unique_ptr, which every program that has a module or an optimizer needs.
// <memory> also brings ranges, parallel algorithms and atomic pointers: with libstdc++ 6,600 lines
// more, a tenth of <reel/reel.h>. Its own headers take the two from where this takes them.

#include <utility>  // says whose library it is

#if defined(__GLIBCXX__) && __has_include(<bits/shared_ptr.h>)
#include <bits/shared_ptr.h>
#include <bits/unique_ptr.h>
#else
#include <memory>
#endif
