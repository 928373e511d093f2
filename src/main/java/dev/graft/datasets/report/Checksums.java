package dev.graft.datasets.report;

import java.math.BigInteger;
import java.util.regex.Pattern;

/** What tells a number of a card or an account from any other number. */
final class Checksums {
  private static final Pattern CARD =
      Pattern.compile(
          "4\\d{12}(?:\\d{3})?|5[1-5]\\d{14}|2[2-7]\\d{14}|3[47]\\d{13}|3[068]\\d{12}|35\\d{14}"
              + "|6(?:011|5\\d{2})\\d{12}");

  private static final BigInteger NINETY_SEVEN = BigInteger.valueOf(97);

  private Checksums() {}

  /** Of a payment card: its issuer's first digits and length, and the sum of ISO/IEC 7812. */
  static boolean card(String number) {
    return CARD.matcher(number.replaceAll("[ -]", "")).matches() && luhn(number);
  }

  private static boolean luhn(String number) {
    int[] digits = number.chars().filter(Character::isDigit).map(c -> c - '0').toArray();
    int sum = 0;
    for (int i = 0; i < digits.length; i++) {
      int digit = digits[digits.length - 1 - i] * (i % 2 + 1);
      sum += digit > 9 ? digit - 9 : digit;
    }
    return sum % 10 == 0;
  }

  /** Of bank accounts: ISO 13616, the remainder of 97 is 1 with the country moved behind. */
  static boolean iban(String number) {
    String plain = number.replace(" ", "");
    StringBuilder digits = new StringBuilder();
    (plain.substring(4) + plain.substring(0, 4))
        .chars()
        .forEach(c -> digits.append(Character.digit(c, 36)));
    return new BigInteger(digits.toString()).mod(NINETY_SEVEN).equals(BigInteger.ONE);
  }
}
