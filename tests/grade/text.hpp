// Bytes made readable, and searched.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace grade {

// Every byte that is no printable ASCII character comes out as \n, \r, \t or \xNN.
std::string escaped(std::string_view bytes);

// Text for people, in which only control characters come out so. Bytes that are no UTF-8 stay.
std::string printable(std::string_view text);

// Text in which every byte that is no part of UTF-8 comes out as "?".
std::string valid_utf8(std::string_view text);

// The same as escaped(), with the middle left out if there are more bytes than `most`.
std::string excerpt(std::string_view bytes, std::size_t most = 120);

// Text for people with the middle left out if there are more bytes than `most`.
std::string shortened(std::string_view text, std::size_t most);

// Where two sequences of bytes differ first, in lines; empty if they are equal:
//
//   byte 3 of 6 is another one
//   expected  "hello\n"
//   came      "help!\n"
//                 ^
std::string first_difference(std::string_view expected, std::string_view came);

// The same text with small letters in each \xNN, where a program may write capitals.
std::string with_small_digits(std::string text);

// Whether there is a C0, a DEL, or a C1, which is \xc2\x80 to \xc2\x9f in UTF-8. A newline is one.
bool has_control_character(std::string_view text);

// Whether `phrase` stands in `text` as words of its own: "5 bytes" does not stand in "15 bytes".
bool mentions(std::string_view text, std::string_view phrase);

// `size` letters in an order in which a lost or doubled piece is found.
std::string letters(std::size_t size);

// Every value that a byte can have, in order, over and over.
std::string all_bytes(std::size_t size);

}  // namespace grade
