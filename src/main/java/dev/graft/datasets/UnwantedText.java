package dev.graft.datasets;

import java.util.EnumMap;
import java.util.Map;
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
        control.finding(Defect.CONTROL_CHARACTER, Severity.WARNING));
  }
}
