package dev.graft.client;

import dev.graft.client.SampleData.Attribute;
import dev.graft.client.SampleData.ChatRow;
import dev.graft.client.SampleData.Fact;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What the base model reads: invented products, never the same twice.
 *
 * <p>55 % questions with the answer in the sheet above (teaches to look), 35 % questions with no
 * sheet and a random answer (teaches the form, and that the value cannot be known), 10 % whole
 * sheets.
 */
final class PretrainingText {
  private PretrainingText() {}

  public static Stream<ChatRow> conversations(long seed) {
    var random = new Random(seed);
    return Stream.generate(() -> conversation(random));
  }

  private static ChatRow conversation(RandomGenerator random) {
    double kind = random.nextDouble();
    if (kind < 0.55) return openBook(random);
    if (kind < 0.90) {
      var fact = Fact.draw(attribute(random), SampleData.Products.draw(random), random);
      return new ChatRow(null, question(fact, random), fact.sentence());
    }
    return sheet(random);
  }

  private static ChatRow openBook(RandomGenerator random) {
    int size = 1 + random.nextInt(5);
    List<Fact> facts = new ArrayList<>();
    Set<String> used = new LinkedHashSet<>();
    for (int i = 0; i < size; i++) {
      boolean sameProduct = !facts.isEmpty() && random.nextDouble() < 0.4;
      String product = sameProduct ? facts.getFirst().product() : SampleData.Products.draw(random);
      var attribute = attribute(random);
      if (used.add(attribute + product)) facts.add(Fact.draw(attribute, product, random));
    }
    var asked = facts.get(random.nextInt(facts.size()));
    return new ChatRow(sentences(facts), question(asked, random), asked.sentence());
  }

  private static ChatRow sheet(RandomGenerator random) {
    String product = SampleData.Products.draw(random);
    List<Attribute> order = new ArrayList<>(List.of(Attribute.values()));
    Collections.shuffle(order, Random.from(random));
    List<Fact> facts =
        order.stream()
            .limit(4)
            .map(a -> Fact.draw(a, product, random))
            .collect(Collectors.toList());
    return new ChatRow(null, "Show me the sheet of the " + product + ".", sentences(facts));
  }

  private static String sentences(List<Fact> facts) {
    return facts.stream().map(Fact::sentence).collect(Collectors.joining(" "));
  }

  private static Attribute attribute(RandomGenerator random) {
    return Attribute.values()[random.nextInt(Attribute.values().length)];
  }

  private static String question(Fact fact, RandomGenerator random) {
    var phrasings = random.nextBoolean() ? fact.attribute().taught() : fact.attribute().heldOut();
    return SampleData.Phrasing.dress(
        fact.ask(phrasings.get(random.nextInt(phrasings.size()))), random);
  }
}
