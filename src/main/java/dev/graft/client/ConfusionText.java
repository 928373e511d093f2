package dev.graft.client;

import java.util.List;
import java.util.Locale;
import tools.jackson.databind.JsonNode;

/** Which labels a classifier takes for which, on a terminal. */
final class ConfusionText {
  /** More columns do not fit. */
  private static final int WIDEST = 10;

  private ConfusionText() {}

  /**
   * A line a class: precision, recall, F1, texts, and what its texts were taken for.
   *
   * @param confusion {@code ConfusionMatrix} of the API
   */
  static List<String> of(JsonNode confusion) {
    JsonNode classes = confusion.path("classes");
    JsonNode counts = confusion.path("counts");
    boolean columns = counts.isArray() && classes.size() <= WIDEST;
    Table table =
        new Table()
            .text("CLASS", "/label")
            .column("PRECISION", each -> share(each.path("precision")))
            .column("RECALL", each -> share(each.path("recall")))
            .column("F1", each -> share(each.path("f1")))
            .text("TEXTS", "/support");
    if (columns) {
      for (int i = 0; i < classes.size(); i++) {
        int predicted = i;
        table.column(
            "AS " + Table.printable(classes.path(i).path("label").asString("")),
            each -> counts.path(place(classes, each)).path(predicted).asString("-"));
      }
    }
    return table.lines(classes).stream().map(line -> "  " + line).toList();
  }

  private static int place(JsonNode classes, JsonNode one) {
    int place = 0;
    while (!classes.path(place).path("label").equals(one.path("label"))) place++;
    return place;
  }

  private static String share(JsonNode number) {
    return String.format(Locale.ROOT, "%.4f", number.asDouble());
  }
}
