package dev.graft.datasets;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What tells a number of a card or an account from any other number. */
final class Checksums {
  private static final Pattern CARD =
      Pattern.compile(
          "4\\d{12}(?:\\d{3})?|5[1-5]\\d{14}|2[2-7]\\d{14}|3[47]\\d{13}|3[068]\\d{12}|35\\d{14}"
              + "|6(?:011|5\\d{2})\\d{12}");

  /** Of the numbers of a country, in the registry of 2025. */
  private static final Map<String, Integer> LENGTHS =
      lengths(
          "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22"
              + " DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28"
              + " HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20"
              + " LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28"
              + " PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28"
              + " TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30");

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

  /** Of bank accounts: ISO 13616; what stands behind the number is let be. */
  static boolean iban(String text) {
    String plain = text.replace(" ", "");
    int length = LENGTHS.getOrDefault(plain.substring(0, 2), Integer.MAX_VALUE);
    if (plain.length() < length) return false;
    StringBuilder digits = new StringBuilder();
    (plain.substring(4, length) + plain.substring(0, 4))
        .chars()
        .forEach(c -> digits.append(Character.digit(c, 36)));
    return new BigInteger(digits.toString()).mod(NINETY_SEVEN).equals(BigInteger.ONE);
  }

  private static Map<String, Integer> lengths(String table) {
    return Arrays.stream(table.split(" "))
        .collect(
            Collectors.toMap(
                each -> each.substring(0, 2), each -> Integer.valueOf(each.substring(2))));
  }
}
