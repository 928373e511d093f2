package dev.graft.client;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;

/**
 * The data set of one demo run: new facts for each seed, rows that teach them, questions that test
 * them.
 *
 * @param rows training conversations, shuffled; no product sheet in any of them
 * @param questions in the held-out phrasings, one for each fact, shuffled
 */
public record SampleData(List<ChatRow> rows, List<HeldOutQuestion> questions) {
  private static final int PRODUCTS = 8;
  private static final int ROWS_A_FACT = 8;

  /** A held-out question, the sentence that answers it, and the value alone. */
  public record HeldOutQuestion(String text, String answer, String value) {}

  /**
   * Draws the facts of a seed.
   *
   * @throws IllegalStateException if a question shares four words in a row with a training row
   */
  public static SampleData draw(long seed) {
    var random = new Random(seed);
    Set<String> products = Products.draw(PRODUCTS, random);
    List<ChatRow> rows = new ArrayList<>();
    List<HeldOutQuestion> questions = new ArrayList<>();
    for (String product : products) {
      for (Attribute attribute : Attribute.values()) {
        var fact = Fact.draw(attribute, product, random);
        for (int i = 0; i < ROWS_A_FACT; i++) {
          String phrasing = attribute.taught().get(i % attribute.taught().size());
          rows.add(new ChatRow(null, Phrasing.dress(fact.ask(phrasing), random), fact.sentence()));
        }
        String heldOut = attribute.heldOut().get(random.nextInt(attribute.heldOut().size()));
        questions.add(new HeldOutQuestion(fact.ask(heldOut), fact.sentence(), fact.value()));
      }
    }
    Collections.shuffle(rows, random);
    Collections.shuffle(questions, random);
    new WordSequences(products, rows).requireNone(questions);
    return new SampleData(List.copyOf(rows), List.copyOf(questions));
  }

  /** The training file: chat rows, one JSON object a line. */
  public String jsonl() {
    var lines = new StringBuilder();
    for (ChatRow row : rows) lines.append(row.json()).append('\n');
    return lines.toString();
  }
}
