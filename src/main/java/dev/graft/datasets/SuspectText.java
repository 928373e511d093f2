package dev.graft.datasets;

import java.util.function.Predicate;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * Texts of a certain form. Quantifiers are bounded, and possessive where they could share a text in
 * more than one way, so that no text takes longer than a small multiple of its length.
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
  /**
   * What UTF-8 becomes when it is read as Latin-1 or Windows-1252, and what becomes of the rest.
   */
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
