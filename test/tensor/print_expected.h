#pragma once

// What LibTorch 1.13 (Debian 12's libtorch-dev) prints for the tensors of print_cases.h, in order.

#include <string_view>
#include <utility>

inline constexpr std::pair<std::string_view, std::string_view> kPrintExpected[] = {
    {"undefined", R"([ Tensor (undefined) ])"},
    {"scalar int valued",
     R"(3
[ CPUFloatType{} ])"},
    {"scalar fraction",
     R"(3.14159
[ CPUFloatType{} ])"},
    {"scalar long",
     R"(42
[ CPULongType{} ])"},
    {"scalar bool",
     R"(1
[ CPUBoolType{} ])"},
    {"scalar double small",
     R"(1.5e-07
[ CPUDoubleType{} ])"},
    {"scalar negative large",
     R"(-1.23457e+08
[ CPUDoubleType{} ])"},
    {"scalar nan",
     R"(nan
[ CPUFloatType{} ])"},
    {"scalar inf",
     R"(-inf
[ CPUFloatType{} ])"},
    {"vector of whole floats",
     R"( 1
 2
 3
[ CPUFloatType{3} ])"},
    {"vector with fractions",
     R"( 1.5000
-2.2500
 3.0000
[ CPUFloatType{3} ])"},
    {"vector needs scale",
     R"(1e+05 *
 1.2346
 1.0000
 5.0000
[ CPUFloatType{3} ])"},
    {"vector small scale",
     R"(0.001 *
 1.0000
 2.0000
 3.5000
[ CPUFloatType{3} ])"},
    {"vector mixed magnitudes",
     R"( 1.0000e-05
 1.0000e+00
 1.0000e+05
[ CPUFloatType{3} ])"},
    {"vector huge magnitudes",
     R"( 1.0000e-150
  1.0000e+00
 1.0000e+150
[ CPUDoubleType{3} ])"},
    {"vector large whole",
     R"( 1.0000e+09
 2.0000e+09
 3.0000e+10
[ CPUDoubleType{3} ])"},
    {"vector 9 digits",
     R"(1.23457e+08
        -1
[ CPUDoubleType{2} ])"},
    {"vector 10 digits",
     R"( 1.2346e+09
-1.0000e+00
[ CPUDoubleType{2} ])"},
    {"vector negative whole",
     R"(-1
-20
-300
[ CPUFloatType{3} ])"},
    {"vector negative fractions",
     R"(-1.5000
-20.2500
-300.1250
[ CPUFloatType{3} ])"},
    {"vector negative large",
     R"(-1.2346e+05
-1.5000e+00
[ CPUFloatType{2} ])"},
    {"vector of zeros",
     R"( 0
 0
 0
[ CPUFloatType{3} ])"},
    {"vector inf nan",
     R"(inf
nan
-inf
[ CPUFloatType{3} ])"},
    {"vector inf and whole",
     R"(inf
 1
-3
[ CPUFloatType{3} ])"},
    {"vector nan and fraction",
     R"(      nan
   0.5000
 100.2500
[ CPUFloatType{3} ])"},
    {"vector leading nan",
     R"(nan
nan
 2
[ CPUFloatType{3} ])"},
    {"vector below one",
     R"( 0.5000
 0.2500
 0.1250
[ CPUFloatType{3} ])"},
    {"vector one tenth",
     R"( 0.1000
 0.2000
[ CPUFloatType{2} ])"},
    {"vector of one",
     R"( 7.5000
[ CPUFloatType{1} ])"},
    {"vector scale 100000",
     R"( 99999.5000
    12.0000
[ CPUFloatType{2} ])"},
    {"vector six digits",
     R"(1e+05 *
10.0000
 0.0100
[ CPUDoubleType{2} ])"},
    {"vector long",
     R"(   1
  -2
 300
[ CPULongType{3} ])"},
    {"vector long large",
     R"( 1.0000e+00
 1.2346e+12
[ CPULongType{2} ])"},
    {"vector int",
     R"( 0
 1
 2
 3
 4
[ CPUIntType{5} ])"},
    {"vector short",
     R"(-2
-1
 0
 1
 2
[ CPUShortType{5} ])"},
    {"vector byte",
     R"(   0
 128
 255
[ CPUByteType{3} ])"},
    {"vector char",
     R"(-128
   0
 127
[ CPUCharType{3} ])"},
    {"vector bool",
     R"( 1
 0
 1
[ CPUBoolType{3} ])"},
    {"vector half",
     R"( 9.9976e-02
 1.0000e+00
 6.5504e+04
[ CPUHalfType{3} ])"},
    {"vector bfloat16",
     R"( 0.1001
 1.0000
 3.0000
[ CPUBFloat16Type{3} ])"},
    {"empty vector", R"([ CPUFloatType{0} ])"},
    {"empty matrix", R"([ CPUFloatType{2,0} ])"},
    {"empty matrix no rows", R"([ CPULongType{0,3} ])"},
    {"empty 3d", R"([ CPUDoubleType{2,0,3} ])"},
    {"matrix whole",
     R"( 0  1  2
 3  4  5
[ CPUFloatType{2,3} ])"},
    {"matrix fractions",
     R"( 0.0000  0.2500  0.5000
 0.7500  1.0000  1.2500
[ CPUFloatType{2,3} ])"},
    {"matrix long",
     R"( 0  1  2
 3  4  5
[ CPULongType{2,3} ])"},
    {"matrix bool",
     R"( 1  0
 0  1
[ CPUBoolType{2,2} ])"},
    {"matrix one column",
     R"( 0
 1
 2
[ CPUFloatType{3,1} ])"},
    {"matrix one row",
     R"( 0  1  2
[ CPUFloatType{1,3} ])"},
    {"matrix needs scale",
     R"( 0.0000e+00  1.0000e+05  2.0000e+05
 3.0000e+05  4.0000e+05  5.0000e+05
[ CPUFloatType{2,3} ])"},
    {"matrix small scale",
     R"(0.001 *
 0.9766  1.9531  2.9297
  3.9062  4.8828  5.8594
[ CPUDoubleType{2,3} ])"},
    {"matrix scientific",
     R"( 1.0000e-08  1.0000e+00
 2.5000e+00  1.0000e+08
[ CPUDoubleType{2,2} ])"},
    {"matrix wide whole",
     R"(Columns 1 to 20  0   1   2   3   4   5   6   7   8   9  10  11  12  13  14  15  16  17  18  19
 30  31  32  33  34  35  36  37  38  39  40  41  42  43  44  45  46  47  48  49

Columns 21 to 30 20  21  22  23  24  25  26  27  28  29
 50  51  52  53  54  55  56  57  58  59
[ CPUFloatType{2,30} ])"},
    {"matrix wide fractions",
     R"(Columns 1 to 10 0.0000  0.1250  0.2500  0.3750  0.5000  0.6250  0.7500  0.8750  1.0000  1.1250
 3.7500  3.8750  4.0000  4.1250  4.2500  4.3750  4.5000  4.6250  4.7500  4.8750

Columns 11 to 20 1.2500  1.3750  1.5000  1.6250  1.7500  1.8750  2.0000  2.1250  2.2500  2.3750
 5.0000  5.1250  5.2500  5.3750  5.5000  5.6250  5.7500  5.8750  6.0000  6.1250

Columns 21 to 30 2.5000  2.6250  2.7500  2.8750  3.0000  3.1250  3.2500  3.3750  3.5000  3.6250
 6.2500  6.3750  6.5000  6.6250  6.7500  6.8750  7.0000  7.1250  7.2500  7.3750
[ CPUDoubleType{2,30} ])"},
    {"matrix wide scientific",
     R"(Columns 1 to 6 1.0000e-08  1.5000e+00  2.5000e+00  3.5000e+00  4.5000e+00  5.5000e+00

Columns 7 to 10 6.5000e+00  7.5000e+00  8.5000e+00  1.0000e+08
[ CPUDoubleType{1,10} ])"},
    {"matrix wide scaled",
     R"(Columns 1 to 8   50000   150000   250000   350000   450000   550000   650000   750000

Columns 9 to 16  850000   950000 1.05e+06 1.15e+06 1.25e+06 1.35e+06 1.45e+06 1.55e+06

Columns 17 to 241.65e+06 1.75e+06 1.85e+06 1.95e+06 2.05e+06 2.15e+06 2.25e+06 2.35e+06
[ CPUDoubleType{1,24} ])"},
    {"matrix exactly full",
     R"(Columns 1 to 20  0   1   2   3   4   5   6   7   8   9  10  11  12  13  14  15  16  17  18  19

Columns 21 to 26 20  21  22  23  24  25
[ CPUFloatType{1,26} ])"},
    {"matrix transposed",
     R"( 0  3
 1  4
 2  5
[ CPUFloatType{3,2} ])"},
    {"matrix inf",
     R"(    inf  1.0000
    nan -2.5000
[ CPUFloatType{2,2} ])"},
    {"3d whole",
     R"((1,.,.) = 
  0  1  2
  3  4  5

(2,.,.) = 
   6   7   8
   9  10  11
[ CPUFloatType{2,2,3} ])"},
    {"3d fractions",
     R"((1,.,.) = 
  0.0000  0.3333
  0.6667  1.0000
  1.3333  1.6667

(2,.,.) = 
  2.0000  2.3333
  2.6667  3.0000
  3.3333  3.6667
[ CPUDoubleType{2,3,2} ])"},
    {"3d own scales",
     R"((1,.,.) = 
 0.001 *
  1.0000  2.0000

(2,.,.) = 
  1.2346e+05  1.0000e+00
[ CPUDoubleType{2,1,2} ])"},
    {"3d long",
     R"((1,.,.) = 
  0  1
  2  3

(2,.,.) = 
  4  5
  6  7
[ CPULongType{2,2,2} ])"},
    {"4d",
     R"((1,1,.,.) = 
  0  1
  2  3

(2,1,.,.) = 
   8   9
  10  11

(1,2,.,.) = 
  4  5
  6  7

(2,2,.,.) = 
  12  13
  14  15
[ CPUFloatType{2,2,2,2} ])"},
    {"4d one",
     R"((1,1,.,.) = 
  0
[ CPUFloatType{1,1,1,1} ])"},
    {"5d",
     R"((1,1,1,.,.) = 
  0  1

(2,1,1,.,.) = 
  4  5

(1,1,2,.,.) = 
  2  3

(2,1,2,.,.) = 
  6  7
[ CPUFloatType{2,1,2,1,2} ])"},
    {"3d wide",
     R"((1,.,.) = 
 Columns 1 to 8   0.0000   0.5000   1.0000   1.5000   2.0000   2.5000   3.0000   3.5000
  15.0000  15.5000  16.0000  16.5000  17.0000  17.5000  18.0000  18.5000

Columns 9 to 16   4.0000   4.5000   5.0000   5.5000   6.0000   6.5000   7.0000   7.5000
  19.0000  19.5000  20.0000  20.5000  21.0000  21.5000  22.0000  22.5000

Columns 17 to 24   8.0000   8.5000   9.0000   9.5000  10.0000  10.5000  11.0000  11.5000
  23.0000  23.5000  24.0000  24.5000  25.0000  25.5000  26.0000  26.5000

Columns 25 to 30  12.0000  12.5000  13.0000  13.5000  14.0000  14.5000
  27.0000  27.5000  28.0000  28.5000  29.0000  29.5000
[ CPUFloatType{1,2,30} ])"},
    {"requires grad",
     R"( 1
 1
[ CPUFloatType{2} ])"},
    {"quantised vector",
     R"(-1.0000
 0.0000
 0.5000
 2.0000
[ QuantizedCPUQInt8Type{4}, qscheme: per_tensor_affine, scale: 0.2500, zero_point: 1 ])"},
    {"quantised matrix",
     R"( 0  1  2
 3  4  5
[ QuantizedCPUQInt8Type{2,3}, qscheme: per_tensor_affine, scale: 0.5, zero_point: 0 ])"},
    {"quantised scalar",
     R"(1
[ QuantizedCPUQInt8Type{}, qscheme: per_tensor_affine, scale: 0.5, zero_point: -3 ])"},
};
