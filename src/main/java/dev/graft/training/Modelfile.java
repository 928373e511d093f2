package dev.graft.training;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The Modelfile of Ollama. The chat template is the GGUF file's. */
final class Modelfile {
  private Modelfile() {}

  /**
   * @param from its first lines
   * @param stops texts that end an answer; one that cannot be quoted is left to the GGUF file
   */
  static String of(List<String> from, List<String> stops) {
    Stream<String> parameters =
        stops.stream()
            .filter(stop -> !stop.isBlank() && stop.chars().noneMatch(c -> c < ' ' || c == '"'))
            .map(stop -> "PARAMETER stop \"" + stop + "\"");
    return Stream.concat(from.stream(), parameters).collect(Collectors.joining("\n", "", "\n"));
  }
}
