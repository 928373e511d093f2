package dev.graft.spec;

import java.util.List;
import java.util.stream.Collectors;

/**
 * A training request that cannot be honoured as written: every problem found, each at its JSON path
 * ({@code adapter.peft.r}, {@code method.supervised.hyperparameters.n_epochs}).
 */
public final class SpecRejected extends RuntimeException {
  private final List<Problem> problems;

  /**
   * @param path path in the request, with dots
   * @param message what is wrong and what is expected, without the path
   */
  public record Problem(String path, String message) {}

  public SpecRejected(List<Problem> problems) {
    super(problems.stream().map(p -> p.path + ": " + p.message).collect(Collectors.joining("; ")));
    this.problems = List.copyOf(problems);
  }

  public List<Problem> problems() {
    return problems;
  }
}
