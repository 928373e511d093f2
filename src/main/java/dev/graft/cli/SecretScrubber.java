package dev.graft.cli;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** Takes secrets out of text: those of settings by their values, Graft's own by their form. */
final class SecretScrubber {
  static final String MASKED = "******";

  /** A shorter value is left where it stands: it would be found in half of all words. */
  private static final int SHORTEST = 6;

  private static final Pattern SECRET_NAME =
      Pattern.compile(
          "(?i).*(?:passw|passphrase|pwd|secret|token(?!s|izer)|credential|key(?!board)|authorization"
              + "|private|salt|cookie|application[._-]json).*");

  private static final List<Pattern> FORMS =
      List.of(
          Pattern.compile(
              "\\b(?:sk-graft-|ses-graft-|graft-join-|graft-worker-|whsec_|hf_)[\\w-]{16,}"),
          Pattern.compile("\\beyJ[\\w-]{8,}\\.[\\w-]+\\.[\\w-]*"),
          Pattern.compile("(?<=/downloads/)[^\\s\"?]+"),
          Pattern.compile("(?i)(?<=bearer )[\\w.~+/=-]{8,}"),
          Pattern.compile("(?<=://)[^\\s/@\"]+(?=@)"),
          Pattern.compile(
              "(?i)(?<=(?:password|passwd|passphrase|pwd|secret|token|key)[=:])[^\\s&;\"',]+"),
          Pattern.compile(
              "(?i)(?<=(?:password|passphrase|secret|token|key)\"\\s?[:=]\\s?\")[^\"]+"),
          Pattern.compile(
              "-----BEGIN [A-Z ]*PRIVATE KEY-----[\\s\\S]*?(?:-----END [A-Z ]*PRIVATE"
                  + " KEY-----|$)"));

  /** The longest first: one may hold another. */
  private final List<String> values;

  private SecretScrubber(Set<String> values) {
    this.values =
        values.stream().sorted(Comparator.comparingInt(String::length).reversed()).toList();
  }

  /**
   * @param settings each of which is secret if its name says so
   */
  static SecretScrubber of(Map<String, String> settings) {
    Set<String> values = new TreeSet<>();
    settings.forEach(
        (name, value) -> {
          if (isSecret(name) && value.strip().length() >= SHORTEST) values.add(value.strip());
        });
    return new SecretScrubber(values);
  }

  static boolean isSecret(String name) {
    return SECRET_NAME.matcher(name).matches();
  }

  String scrub(String text) {
    String clean = text;
    for (String value : values) clean = clean.replace(value, MASKED);
    for (Pattern form : FORMS) clean = form.matcher(clean).replaceAll(MASKED);
    return clean;
  }
}
