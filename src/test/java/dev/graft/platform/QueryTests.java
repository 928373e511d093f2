package dev.graft.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class QueryTests {
  @Test
  void withoutParametersThePageIsTheFirstOfUsualSizeNewestFirst() {
    assertThat(Cursor.parse(null, null, null, 20, 100))
        .isEqualTo(new Cursor(null, 20, Cursor.SortOrder.DESC));
    assertThat(Cursor.parse("", null, null, 20, 100).start()).isEmpty();
  }

  @Test
  void limitAndOrderAreRead() {
    assertThat(Cursor.parse("file-1", "100", "asc", 20, 100))
        .isEqualTo(new Cursor("file-1", 100, Cursor.SortOrder.ASC));
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "-1", "101", "1e2", "ten", "99999999999"})
  void aLimitOutOfBoundsIsRefusedByName(String limit) {
    assertThatThrownBy(() -> Cursor.parse(null, limit, null, 20, 100))
        .isInstanceOfSatisfying(RequestFailed.class, e -> assertThat(e.param()).isEqualTo("limit"));
  }

  @Test
  void anEmptyPageHasEmptyIds() {
    CursorPage<String> page = CursorPage.ofOneMore(List.of(), 20, id -> id);
    assertThat(page).isEqualTo(new CursorPage<>("list", List.of(), "", "", false));
  }

  @Test
  void oneRowTooManyTellsThatThereIsMore() {
    CursorPage<String> page = CursorPage.ofOneMore(List.of("a", "b", "c"), 2, id -> id);
    assertThat(page).isEqualTo(new CursorPage<>("list", List.of("a", "b"), "a", "b", true));
  }

  @Test
  void metadataIsReadInBrackets() {
    var query = Map.of("limit", List.of("2"), "metadata[team]", List.of("a"));
    assertThat(MetadataFilter.parse(query))
        .isEqualTo(new MetadataFilter(Map.of("team", "a"), false));
    assertThat(MetadataFilter.parse(Map.of("metadata", List.of("null"))).absent()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"metadata", "metadata[", "metadata[]", "metadata[a"})
  void metadataInAnotherShapeIsRefused(String name) {
    assertThatThrownBy(() -> MetadataFilter.parse(Map.of(name, List.of("x"))))
        .isInstanceOf(RequestFailed.class);
  }

  /** PostgreSQL would refuse it as a text, in words that are not for users. */
  @Test
  void aCursorThatNoTextHoldsIsRefusedByItsName() {
    assertThatThrownBy(() -> Cursor.parse("file-\0", null, null, 20, 100))
        .isInstanceOf(RequestFailed.class)
        .hasMessageContaining("after must be an id");
  }
}
