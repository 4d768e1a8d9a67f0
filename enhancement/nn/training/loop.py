"""The training of one network, from its recipe to its checkpoint; broken off anywhere, it goes on bit for bit."""

import errno
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from time import monotonic

import torch

from enhancement.nn.checkpoint import Source, save
from enhancement.nn.memory import ran_out
from enhancement.nn.pairs.store import PatchesError, PatchSet, open_patches
from enhancement.nn.training.backbone import Backbone, load_backbone
from enhancement.nn.training.batches import FOR_DISCRIMINATOR, FOR_NETWORK, PRETRAINING, Draws
from enhancement.nn.training.held_out import HeldOut
from enhancement.nn.training.learner import DivergedError, Learner, Told
from enhancement.nn.training.recipe import Recipe, RecipeError
from enhancement.nn.training.run_folder import RunFolder, Teller
from enhancement.nn.training.state_file import Provenance, load_state, save_state
from enhancement.nn.training.team import Team

FULL = (errno.ENOSPC, errno.EDQUOT)

GoOn = Callable[[int, int], bool]
"""Is told how many steps of how many are learnt; False stops the run there, to be gone on with."""


class TrainingError(RuntimeError):
    """A run broke off; the message says after which step, why, and from where it can go on."""


@dataclass(frozen=True)
class Ended:
    """How a run ended.

    Attributes:
        step: How many steps are learnt.
        is_finished: Whether these are all; else it was stopped and can go on.
        network: The checkpoint's file.
    """

    step: int
    is_finished: bool
    network: Path


def train(recipe: Recipe, folder: Path, team: Team, go_on: GoOn = lambda step, steps: True) -> Ended:
    """Train a network, or go on with the run that the folder holds.

    Args:
        recipe: What is done.
        folder: Where it is kept (``run_folder.py``).
        team: The processes that train together; each calls this.
        go_on: Asked before each step.

    Returns:
        How it ended; state and checkpoint are those of that step.

    Raises:
        RecipeError: The processes can't follow the recipe together.
        PatchesError: The patches can't be used, or none of them train.
        BackboneError: The backbone can't be used.
        CheckpointError: The folder's state is damaged.
        StateError: The folder holds a run of another recipe.
        TrainingError: A loss is no number any more, or memory or the disk ran out. The state is that of the last
            checkpoint.
        OSError: The folder can't be written to.
    """
    run = Run(recipe, folder, team)
    try:
        run.learn(go_on)
    except DivergedError as error:
        raise TrainingError(run.broken_off(f"a loss is no finite number any more ({error}); lower the rate")) from error
    except (RuntimeError, MemoryError) as error:
        if not ran_out(error):
            raise
        raise TrainingError(run.broken_off(f"memory ran out ({error}); set a smaller micro_batch")) from error
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise TrainingError(run.broken_off("the disk is full; make room and start it again")) from error
    finally:
        if run.teller:
            run.teller.close()
    return Ended(run.step, run.step == recipe.steps, run.folder.network)


class Run:
    """One process's part in a run: ``step`` steps are learnt, ``kept_step`` of them are on the disk."""

    def __init__(self, recipe: Recipe, folder: Path, team: Team) -> None:
        check_team(recipe, team)
        self.recipe, self.team = recipe, team
        self.patches = patches_of(recipe)
        backbone = backbone_of(recipe, team.device)
        self.backbone_sha256 = backbone.sha256 if backbone else None
        self.learner = Learner(recipe, team, backbone)
        self.folder = RunFolder(folder)
        is_new = not self.folder.state.exists()
        self.step = 0 if is_new else load_state(self.folder.state, self.learner, self.provenance(0))
        self.kept_step = self.step
        self.held_out = HeldOut(self.patches, recipe.watch.samples, team.device)
        self.teller = Teller(self.folder, self.step) if team.leads else None
        self.untold = Untold(recipe.batch)
        if team.leads:
            self.folder.keep_recipe(recipe.model_dump(mode="json"))

    def learn(self, go_on: GoOn) -> None:
        """Step after step, until the last or until told to stop."""
        draws = Draws(
            self.patches, self.recipe.seed, self.recipe.batch, self.team.device, self.team.rank, self.team.size
        )
        if self.step == 0:
            self.pretrain(draws)
        streams = (FOR_NETWORK, FOR_DISCRIMINATOR) if self.learner.discriminator else (FOR_NETWORK,)
        for batches in draws.steps(self.step + 1, self.recipe.steps, streams):
            if not self.team.agree(go_on=go_on(self.step, self.recipe.steps)):
                break
            told = self.learner.learn(batches[0])
            for batch in batches[1:]:
                told |= self.learner.learn_to_tell(batch)
            self.step += 1
            if self.team.leads:
                self.untold.add(told)
                self.watch()
        if self.team.leads and self.step > self.kept_step:
            self.keep()
        go_on(self.step, self.recipe.steps)

    def pretrain(self, draws: Draws) -> None:
        """Let the discriminator learn alone at first, where the recipe says so (the paper does)."""
        if self.learner.discriminator:
            for (batch,) in draws.steps(1, self.recipe.discriminator.pretraining_steps, (PRETRAINING,)):
                self.learner.learn_to_tell(batch)

    def watch(self) -> None:
        """Tell and keep what is due after this step."""
        every, is_last = self.recipe.watch, self.step == self.recipe.steps
        if self.step % every.losses_every == 0 or is_last:
            self.tell_losses()
        if self.step % every.held_out_every == 0 or is_last:
            self.tell_held_out()
        if self.step % every.checkpoint_every == 0 or is_last:
            self.keep()

    def tell_losses(self) -> None:
        """The means since they were last told."""
        if self.teller and self.untold.steps:
            speed = self.untold.patches_per_second()
            self.teller.tell(self.step, "losses", self.untold.means(), patches_per_second=speed)
            self.untold = Untold(self.recipe.batch)

    def tell_held_out(self) -> None:
        """Scores and samples of patches that never train; the time for it is none of learning's."""
        self.tell_losses()
        if self.teller:
            if scores := self.held_out.scores(self.learner.judged):
                self.teller.tell(self.step, "held_out", scores)
            self.teller.show(self.step, self.held_out.sheet(self.learner.judged))
            self.learner.judged.train()
        self.untold = Untold(self.recipe.batch)

    def keep(self) -> None:
        """Write checkpoint and state of this step; what was told of earlier steps is on disk before.

        The state comes last: a run that is killed in between goes on from the one before and writes both again.
        """
        self.tell_losses()
        provenance = self.provenance(self.step)
        source = Source(self.recipe.name, training=asdict(provenance))
        save(self.folder.network, self.learner.judged, source=source, code_version=provenance.code_version)
        save_state(self.folder.state, self.learner, provenance)
        self.kept_step = self.step

    def provenance(self, step: int) -> Provenance:
        """What the weights rest on after so many steps."""
        patches_sha256, code_version = self.patches.manifest_sha256, version("phoropter")
        return Provenance(self.recipe.told(), step, patches_sha256, self.backbone_sha256, code_version)

    def broken_off(self, why: str) -> str:
        """What to say when the run can't go on."""
        there = f"step {self.kept_step} is kept in {self.folder.path}" if self.kept_step else "nothing was kept before"
        return f"{self.recipe.name}: broke off after step {self.step}: {why}. {there[0].upper()}{there[1:]}."


@dataclass
class Untold:
    """What was learnt since it was last told: sums of losses, and the time that it took."""

    batch: int
    sums: Told = field(default_factory=dict)
    steps: int = 0
    began: float = field(default_factory=monotonic)

    def add(self, told: Told) -> None:
        """One step more."""
        self.sums = {name: self.sums.get(name, 0.0) + value for name, value in told.items()}
        self.steps += 1

    def means(self) -> Told:
        """Of each loss."""
        return {name: total / self.steps for name, total in self.sums.items()}

    def patches_per_second(self) -> float:
        """How fast."""
        return self.steps * self.batch / max(monotonic() - self.began, 1e-9)


def check_team(recipe: Recipe, team: Team) -> None:
    """Refuse what several processes can't do together.

    Raises:
        RecipeError: Batch norm, or fewer patches in a batch than processes.
    """
    if team.size > 1 and recipe.network.settings().get("norm") == "batch":
        raise RecipeError("Batch norm takes its statistics over a whole batch: train it in one process.")
    if team.size > recipe.batch:
        raise RecipeError(f"A batch of {recipe.batch} can't be shared by {team.size} processes: make it larger.")


def patches_of(recipe: Recipe) -> PatchSet:
    """The recipe's patches.

    Raises:
        PatchesError: They can't be used, or none of them train.
    """
    patches = open_patches(Path(recipe.patches), train_first=recipe.train_first)
    if not len(patches.train):
        raise PatchesError(f"{recipe.patches}: every scene is held out, none is left to train on.")
    return patches


def backbone_of(recipe: Recipe, device: torch.device) -> Backbone | None:
    """The recipe's backbone on its device, where the content loss counts.

    Raises:
        BackboneError: It can't be used.
    """
    if recipe.backbone is None or not recipe.losses.content:
        return None
    return load_backbone(Path(recipe.backbone.weights), recipe.backbone.layer).to(device)
