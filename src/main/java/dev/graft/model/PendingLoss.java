package dev.graft.model;

import java.util.List;
import java.util.function.UnaryOperator;

/** A loss that may still be on the device: reading one of a step reads all of them. */
public sealed interface PendingLoss {
  /** Whether reading waits for nothing. */
  boolean known();

  TokenLoss read();

  static PendingLoss of(TokenLoss loss) {
    return new Known(loss);
  }

  /** The sum of several. */
  static PendingLoss sum(List<PendingLoss> parts) {
    return new Several(List.copyOf(parts));
  }

  /** The same, changed when it is read. */
  default PendingLoss then(UnaryOperator<TokenLoss> change) {
    return new Changed(this, change);
  }

  /** One that the host has. */
  record Known(TokenLoss loss) implements PendingLoss {
    @Override
    public boolean known() {
      return true;
    }

    @Override
    public TokenLoss read() {
      return loss;
    }
  }

  /** One that is made of numbers of the device. */
  non-sealed interface OnDevice extends PendingLoss {
    @Override
    default boolean known() {
      return false;
    }
  }

  /** See {@link #sum}. */
  record Several(List<PendingLoss> parts) implements PendingLoss {
    @Override
    public boolean known() {
      return parts.stream().allMatch(PendingLoss::known);
    }

    @Override
    public TokenLoss read() {
      TokenLoss sum = TokenLoss.ZERO;
      for (PendingLoss part : parts) sum = sum.plus(part.read());
      return sum;
    }
  }

  /** See {@link #then}. */
  record Changed(PendingLoss loss, UnaryOperator<TokenLoss> change) implements PendingLoss {
    @Override
    public boolean known() {
      return loss.known();
    }

    @Override
    public TokenLoss read() {
      return change.apply(loss.read());
    }
  }
}
