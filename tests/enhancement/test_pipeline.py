"""Work in three stations."""

import threading

import pytest

from enhancement.pipeline import pipelined


def test_what_became_of_each_in_order() -> None:
    def write(task: str, made: int) -> str:
        return f"{task}: {made + 1}"

    done = list(
        pipelined(["1", "x", "3", "-1", "5"], int, lambda n: [0, 10, 20, 30, 40, 50][n] if n > 0 else 1 // 0, write)
    )
    assert [one.task for one in done] == ["1", "x", "3", "-1", "5"]
    assert [one.result for one in done] == ["1: 11", None, "3: 31", None, "5: 51"]
    assert [type(one.error) for one in done if one.error] == [ValueError, ZeroDivisionError]


def test_an_error_in_writing_is_its_tasks_alone() -> None:
    done = list(pipelined([1, 0, 2], lambda n: n, lambda n: n, lambda _, made: 4 // made))
    assert [one.result for one in done] == [4, None, 2]
    assert isinstance(done[1].error, ZeroDivisionError)


def test_the_next_are_read_and_the_last_written_while_one_is_worked_on() -> None:
    """Each station waits for the others: one after the other would never end."""
    together = threading.Barrier(3, timeout=60)

    def meet(task: int) -> None:
        if task in (1, 2, 3):
            together.wait()

    def read(task: int) -> int:
        if task == 3:
            meet(task)
        return task

    def work(task: int) -> int:
        if task == 2:
            meet(task)
        return task

    def write(task: int, made: int) -> int:
        if task == 1:
            meet(task)
        return made

    assert [done.result for done in pipelined([1, 2, 3, 4], read, work, write)] == [1, 2, 3, 4]


def test_no_more_are_read_than_were_asked_for() -> None:
    begun: list[int] = []

    def read(task: int) -> int:
        begun.append(task)
        return task

    stations = pipelined(range(100), read, lambda n: n, lambda task, _: task, in_hand=3)
    for done in stations:
        assert max(begun) <= done.task + 2


def test_who_stops_early_stops_it(recwarn: pytest.WarningsRecorder) -> None:
    begun: list[int] = []
    stations = pipelined(range(100), lambda n: begun.append(n) or n, lambda n: n, lambda task, _: task)
    next(stations)
    stations.close()
    assert len(begun) < 10
