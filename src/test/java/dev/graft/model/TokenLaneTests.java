package dev.graft.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import dev.graft.model.LayerPass.TokenLane;
import java.util.List;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

class TokenLaneTests {
  @Test
  void whatALaneHandsOnComesBackAsAGradient() {
    List<TokenLane> lanes = TokenLane.of(2, 1);
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      PtNDArray keys = (PtNDArray) manager.zeros(new Shape(2, 1, 3, 4));
      PtNDArray gradient = (PtNDArray) manager.ones(new Shape(2, 1, 3, 4));
      assertThat(lanes.getFirst().earlier(0)).isNull();
      assertThat(lanes.getFirst().hands()).isTrue();
      assertThat(lanes.getLast().hands()).isFalse();
      lanes.getFirst().hand(0, keys);
      assertThat(lanes.getLast().earlier(0)).isSameAs(keys);
      assertThat(lanes.getLast().later(0)).isNull();
      lanes.getLast().handBack(0, gradient);
      assertThat(lanes.getFirst().later(0)).isSameAs(gradient);
    }
  }

  @Test
  void aLaneThatFailsLetsNobodyWait() {
    List<TokenLane> lanes = TokenLane.of(3, 2);
    IllegalStateException why = new IllegalStateException("no memory");
    lanes.get(1).failed(why);
    assertThatThrownBy(() -> lanes.get(2).earlier(1))
        .isInstanceOf(CompletionException.class)
        .hasCause(why);
    assertThatThrownBy(() -> lanes.get(0).later(0)).hasCause(why);
  }
}
