package dev.graft.model;

/**
 * No update was made, since gradients were not finite: parameters and their moments are as before.
 */
public final class NonfiniteGradients extends IllegalStateException {
  /**
   * @param update its number, from 1
   */
  public NonfiniteGradients(long update) {
    super(
        "the gradients are not finite in update %d; a lower learning rate may help"
            .formatted(update));
  }
}
