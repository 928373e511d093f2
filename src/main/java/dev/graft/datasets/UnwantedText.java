package dev.graft.datasets;

import dev.graft.datasets.Inspection.Lines;
import dev.graft.datasets.QualityFinding.Defect;
import dev.graft.datasets.QualityFinding.Severity;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What should not stand in a text that a model will learn by heart. */
final class UnwantedText implements Inspection {
  private final Map<SuspectText, Lines> found = new EnumMap<>(SuspectText.class);
  private final Lines control = new Lines();

  @Override
  public void see(InspectedRow row) {
    String text = row.text();
    for (SuspectText suspect : SuspectText.values()) {
      if (suspect.isIn(text)) found.computeIfAbsent(suspect, key -> new Lines()).add(row);
    }
    if (text.chars().anyMatch(UnwantedText::isControl)) control.add(row);
  }

  /** Whether it is one that no text has, other than a line break or a tab. */
  public static boolean isControl(int character) {
    return character < ' ' && character != '\n' && character != '\r' && character != '\t'
        || character == 0x7f;
  }

  /** Whether there is what was decoded wrongly. */
  public static boolean isBroken(String text) {
    return SuspectText.BROKEN_TEXT.isIn(text);
  }

  @Override
  public Stream<QualityFinding> findings() {
    return Stream.concat(
        found.entrySet().stream()
            .flatMap(
                each -> {
                  SuspectText suspect = each.getKey();
                  return each.getValue().finding(suspect.defect(), suspect.severity());
                }),
        control.finding(QualityFinding.Defect.CONTROL_CHARACTER, QualityFinding.Severity.WARNING));
  }

  /**
   * Texts of a certain form. Quantifiers are bounded, and possessive if they could match the same
   * text in several ways, so that the time stays a small multiple of the length.
   */
  enum SuspectText {
    SECRET(
        Defect.SECRET,
        Severity.ERROR,
        "-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----|\\bA(?:KI|SI)A[0-9A-Z]{16}\\b"
            + "|\\b(?:gh[pousr]_|github_pat_|sk_live_|hf_)[0-9A-Za-z_]{24}|\\bglpat-[\\w-]{20}"
            + "|\\bsk-(?=[\\w-]{0,40}\\d)(?=[\\w-]{0,40}[A-Z])(?=[\\w-]{0,40}[a-z])[\\w-]{20}"
            + "|\\bxox[abprs]-[\\w-]{10}|\\bAIza[\\w-]{35}|\\beyJ[\\w-]{10,200}+\\.eyJ[\\w-]{5}",
        match -> true),
    /** As cards show it, in groups, or without a gap. */
    CARD_NUMBER(
        Defect.CARD_NUMBER,
        Severity.ERROR,
        "(?<!\\d)(?<!\\d[.-])(?:\\d{13,16}|\\d{4}([ -])\\d{4}\\1\\d{4}\\1\\d{4}|\\d{4}(["
            + " -])\\d{6}\\2\\d{4,5})(?![.-]?\\d)",
        match -> Checksums.card(match.group())),
    BANK_ACCOUNT(
        Defect.BANK_ACCOUNT,
        Severity.WARNING,
        "\\b[A-Z]{2}\\d{2}(?: ?[0-9A-Z]{4}){2,7}(?: ?[0-9A-Z]{1,3})?\\b",
        match -> Checksums.iban(match.group())),
    SOCIAL_SECURITY_NUMBER(
        Defect.SOCIAL_SECURITY_NUMBER,
        Severity.WARNING,
        "(?<![\\d-])(?!000|666|9)\\d{3}-(?!00)\\d{2}-(?!0000)\\d{4}(?![\\d-])",
        match -> true),
    EMAIL_ADDRESS(
        Defect.EMAIL_ADDRESS,
        Severity.ADVICE,
        "(?<![\\w.%+-])[\\w.%+-]{1,64}+@(?:[0-9A-Za-z-]{1,63}+\\.){1,8}[A-Za-z]{2,24}\\b",
        match -> !Reserved.DOMAIN.matcher(match.group()).find()),
    PHONE_NUMBER(
        Defect.PHONE_NUMBER,
        Severity.ADVICE,
        "(?<![\\w+])\\+\\d(?:[ ./()-]{0,3}+\\d){7,14}+(?!\\d)"
            + "|(?<![\\w(-])(?:\\(\\d{3}\\) ?|\\d{3}-)\\d{3}-\\d{4}(?![\\d-])",
        match -> true),
    SPECIAL_TOKEN(
        Defect.SPECIAL_TOKEN,
        Severity.WARNING,
        "<\\|[A-Za-z_]{2,32}\\|>|</s>|\\[/?INST\\]|<</?SYS>>|<(?:start|end)_of_turn>"
            + "|<(?:bos|eos|pad|unk)>|\\[(?:CLS|SEP|PAD|MASK)\\]",
        match -> true),
    /** UTF-8 that was read as Latin-1 or Windows-1252, and replacement characters. */
    BROKEN_TEXT(
        Defect.BROKEN_TEXT,
        Severity.WARNING,
        "\uFFFD|[\u00C2\u00C3][\u0080-\u00BF\u0152-\u2122]|\u00E2\u20AC|\u00F0\u0178"
            + "|[\u00D0\u00D1][\u0080-\u00BF]",
        match -> true);

    /** Domains that stand for others (RFC 2606). */
    private static final class Reserved {
      static final Pattern DOMAIN =
          Pattern.compile("[@.]example\\.(?:com|org|net)$", Pattern.CASE_INSENSITIVE);
    }

    private final Defect defect;
    private final Severity severity;
    private final Pattern form;
    private final Predicate<MatchResult> meant;

    SuspectText(Defect defect, Severity severity, String form, Predicate<MatchResult> meant) {
      this.defect = defect;
      this.severity = severity;
      this.form = Pattern.compile(form);
      this.meant = meant;
    }

    boolean isIn(String text) {
      return form.matcher(text).results().anyMatch(meant);
    }

    Defect defect() {
      return defect;
    }

    Severity severity() {
      return severity;
    }
  }

  /** Distinguishes the numbers of cards and accounts from other numbers. */
  private static final class Checksums {
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
}
