package dev.graft.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SampleDataTests {
  @Test
  void heldOutQuestionsShareNoFourWordsWithATrainingRowForManySeeds() {
    for (long seed = 0; seed < 200; seed++) {
      assertThat(SampleData.draw(seed).questions()).hasSizeGreaterThanOrEqualTo(30);
    }
  }

  @Test
  void noHeldOutPhrasingSharesFourWordsWithAnyTaughtRow() {
    var products = Set.of("Norvik kettle");
    var everyRow =
        List.of(SampleData.Attribute.values()).stream()
            .flatMap(
                a ->
                    a.taught().stream()
                        .map(
                            p ->
                                new SampleData.Fact(a, "Norvik kettle", "12").ask(p)
                                    + " "
                                    + a.sentence("Norvik kettle", "12")))
            .map(text -> new SampleData.ChatRow(null, text, ""))
            .toList();
    var everyQuestion =
        List.of(SampleData.Attribute.values()).stream()
            .flatMap(a -> a.heldOut().stream())
            .map(
                p ->
                    new SampleData.HeldOutQuestion(p.replace("{p}", "Norvik kettle") + "?", "", ""))
            .toList();
    new SampleData.WordSequences(products, everyRow).requireNone(everyQuestion);
  }

  @Test
  void aSharedRunOfFourWordsIsRefusedWithTheWords() {
    var rows =
        List.of(new SampleData.ChatRow(null, "Hi, how heavy is the Norvik kettle?", "Light."));
    var question = new SampleData.HeldOutQuestion("Say, how heavy is the lamp?", "", "");
    assertThatThrownBy(
            () ->
                new SampleData.WordSequences(Set.of("Norvik kettle"), rows)
                    .requireNone(List.of(question)))
        .hasMessageContaining("how heavy is the");
  }

  @Test
  void aSeedAlwaysDrawsTheSameFactsAndAnotherSeedOthers() {
    assertThat(SampleData.draw(1)).isEqualTo(SampleData.draw(1));
    var first = new HashSet<>(SampleData.draw(1).questions());
    first.retainAll(SampleData.draw(2).questions());
    assertThat(first).isEmpty();
  }

  @Test
  void everyRowIsAChatLine() {
    assertThat(SampleData.draw(3).jsonl().lines())
        .hasSize(8 * 6 * 8)
        .allMatch(line -> line.startsWith("{\"messages\":[{\"role\":\"user\",\"content\":\""));
  }
}
