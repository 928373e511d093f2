package dev.graft.inference;

import java.util.List;
import java.util.Optional;
import org.springframework.data.repository.Repository;

/** What the last check of each engine found. Engines belong to no department. */
interface Engines extends Repository<Engine, String> {
  Engine save(Engine engine);

  Optional<Engine> findById(String name);

  List<Engine> findAll();

  void deleteById(String name);
}
