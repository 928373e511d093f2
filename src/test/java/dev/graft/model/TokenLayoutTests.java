package dev.graft.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TokenLayoutTests {
  @Test
  void pairsAreThoseOfAQueryAndAKeyThatItSees() {
    int[][] rows = {{1, 2, 3, 4}, {1, 2, 5}};
    assertThat(LaidOut.tree(0, rows).pairs(0, 0)).isEqualTo(1 + 2 + 3 + 4 + 1 + 2 + 3);
    TokenLayout shared = LaidOut.tree(2, rows);
    assertThat(shared.size()).isEqualTo(5);
    assertThat(shared.pairs(0, 0)).isEqualTo(1 + 2 + 3 + 4 + 3);
    assertThat(shared.pairs(3, 0)).isEqualTo(1 + 2 + 3 + 4 + 3 + 5 * 3);
    assertThat(shared.pairs(0, 2)).isEqualTo(1 + 2 + 2 + 2 + 2);
    assertThat(LaidOut.rows(true, 3, 2).pairs(0, 0)).isEqualTo(9 + 4);
  }
}
