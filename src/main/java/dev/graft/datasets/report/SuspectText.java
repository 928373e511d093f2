package dev.graft.datasets.report;

import java.util.function.Predicate;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * Texts of a certain form. Quantifiers are bounded or possessive, so that no text takes longer than
 * a multiple of its length.
 */
enum SuspectText {
  SECRET(
      Defect.SECRET,
      Severity.ERROR,
      "-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----|\\bAKIA[0-9A-Z]{16}\\b|\\bgh[pousr]_[0-9A-Za-z]{36}"
          + "|\\bsk-[0-9A-Za-z_-]{20}|\\bxox[abprs]-[0-9A-Za-z-]{10}|\\bAIza[0-9A-Za-z_-]{35}"
          + "|\\beyJ[0-9A-Za-z_-]{10,500}+\\.eyJ[0-9A-Za-z_-]{5}",
      match -> true),
  CARD_NUMBER(
      Defect.CARD_NUMBER,
      Severity.ERROR,
      "(?<![\\d.,-])[2-6](?:[ -]?\\d){12,15}(?![\\d.,-]?\\d)",
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
      match -> !match.group().matches("(?i).*@(?:.*\\.)?example\\.(?:com|org|net)")),
  PHONE_NUMBER(
      Defect.PHONE_NUMBER,
      Severity.ADVICE,
      "(?<![\\w+])\\+\\d{1,3}(?:[ ./-]?\\(?\\d{1,4}\\)?){2,6}(?!\\d)"
          + "|(?<![\\w(])\\(\\d{3}\\) ?\\d{3}-\\d{4}(?!\\d)",
      match -> {
        long digits = match.group().chars().filter(Character::isDigit).count();
        return digits >= 8 && digits <= 15;
      }),
  SPECIAL_TOKEN(
      Defect.SPECIAL_TOKEN,
      Severity.WARNING,
      "<\\|[A-Za-z_]{2,32}\\|>|</s>|\\[/?INST\\]|<</?SYS>>|<(?:start|end)_of_turn>"
          + "|<(?:bos|eos|pad|unk)>|\\[(?:CLS|SEP|PAD|MASK)\\]",
      match -> true),
  /** What UTF-8 becomes when it is read as Windows-1252, and what becomes of the rest. */
  BROKEN_TEXT(
      Defect.BROKEN_TEXT,
      Severity.WARNING,
      "\uFFFD|[\u00C2\u00C3][\u0080-\u00BF]|\u00E2\u20AC[\u0080-\u00BF\u2018-\u2122]",
      match -> true);

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
