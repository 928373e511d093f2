package dev.graft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.graft.pg.GraftIT;
import jakarta.persistence.EntityManagerFactory;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;

/** Entities and the schema that the migrations make agree. */
@GraftIT
class EntitiesIT {
  @Autowired EntityManagerFactory entities;

  @Test
  void everyColumnOfAnEntityIsInItsTable() {
    assertThat(entities.getMetamodel().getEntities()).isNotEmpty();
    assertThatCode(() -> entities.getSchemaManager().validate()).doesNotThrowAnyException();
  }
}
