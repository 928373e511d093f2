package dev.graft.platform;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What can be taken from children.
 *
 * @param prefix of their commands
 * @param user whom they run as; null = as Graft
 * @param userLack why it is Graft's although that is root and another is wanted
 * @param network whether they have one
 * @param networkLack why they have one although there should be none
 */
public record FoundConfinement(
    List<String> prefix,
    @Nullable Integer user,
    @Nullable String userLack,
    boolean network,
    @Nullable String networkLack) {
  public FoundConfinement {
    prefix = List.copyOf(prefix);
  }
}
