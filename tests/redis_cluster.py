"""Hides how tests get a Redis Cluster: three nodes of their own, without a disk."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.redis_server import BUSY_MACHINE_SECONDS, RedisServer
from tests.running_server import free_port
from tests.wire import until

SLOTS, NODES = 16_384, 3


class Node(RedisServer):
    """One server of a cluster."""

    def __init__(self, folder: Path, **options: object) -> None:
        self.bus_port = free_port()
        super().__init__(folder, cluster_enabled="yes", cluster_port=self.bus_port, **options)
        self.start()

    def ask(self, *words: Any) -> Any:
        """The plain answer: told apart word by word, redis-py does not interpret it."""
        return self.client.execute_command(*" ".join(map(str, words)).split())

    @property
    def id(self) -> str:
        return str(self.ask("CLUSTER MYID"))

    @property
    def knows_all(self) -> bool:
        told = str(self.ask("CLUSTER INFO"))
        return "cluster_state:ok" in told and f"cluster_size:{NODES}" in told

    def follow(self, leader: "Node") -> None:
        """Become its replica, one that takes its place."""
        self.ask("CLUSTER MEET", "127.0.0.1", leader.port, leader.bus_port)
        until(lambda: leader.id in str(self.ask("CLUSTER NODES")), seconds=BUSY_MACHINE_SECONDS)
        self.ask("CLUSTER REPLICATE", leader.id)
        until(
            lambda: self.client.info("replication").get("master_link_status") == "up",
            seconds=BUSY_MACHINE_SECONDS,
        )

    def calls(self, command: str) -> int:
        """How often this node was given a command."""
        found: Any = self.client.info("commandstats")
        return int(found.get(f"cmdstat_{command}", {}).get("calls", 0))

    def listeners(self, name: str) -> list[str]:
        """The ids of the subscribed connections of this name."""
        clients = self.client.client_list(_type="pubsub")
        return [str(one["id"]) for one in clients if one["name"] == name]


class RedisCluster:
    """Its nodes, each with a third of the slots."""

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes = nodes
        self.url = f"redis+cluster://127.0.0.1:{nodes[0].port}"
        for number, node in enumerate(nodes):
            first, last = SLOTS * number // NODES, SLOTS * (number + 1) // NODES - 1
            node.ask("CLUSTER ADDSLOTSRANGE", first, last)
            node.ask("CLUSTER SET-CONFIG-EPOCH", number + 1)
        for node in nodes[1:]:
            node.ask("CLUSTER MEET", "127.0.0.1", nodes[0].port, nodes[0].bus_port)
        until(lambda: all(node.knows_all for node in nodes), seconds=BUSY_MACHINE_SECONDS)

    def calls(self, command: str) -> int:
        return sum(node.calls(command) for node in self.nodes)

    def listened_at(self, name: str) -> Node:
        """The node that has the one listener of this name."""
        return next(node for node in self.nodes if node.listeners(name))

    def cut(self, name: str) -> int:
        """End the subscriptions of this name; how many."""
        found = [(node, one) for node in self.nodes for one in node.listeners(name)]
        for node, one in found:
            node.client.client_kill_filter(_id=one)
        return len(found)

    def move_listener(self, name: str) -> None:
        """Give the slot of the one listener of this name to another node."""
        owner = self.listened_at(name)
        (channel,) = owner.ask("PUBSUB SHARDCHANNELS")
        slot = owner.ask("CLUSTER KEYSLOT", channel)
        heir = next(node for node in self.nodes if node is not owner)
        heir.ask("CLUSTER SETSLOT", slot, "IMPORTING", owner.id)
        owner.ask("CLUSTER SETSLOT", slot, "MIGRATING", heir.id)
        for node in (heir, owner, *self.nodes):
            node.ask("CLUSTER SETSLOT", slot, "NODE", heir.id)


@contextmanager
def redis_cluster(folder: Path, **options: object) -> Iterator[RedisCluster]:
    """A cluster that works, gone at the end; `options` are those of each node's configuration."""
    with ExitStack() as stack:
        nodes = [_node(stack, folder, options) for _ in range(NODES)]
        yield RedisCluster(nodes)


@contextmanager
def replicated_cluster(folder: Path) -> Iterator[RedisCluster]:
    """A cluster of which the node of the address has a replica, that soon takes its place."""
    options = {"cluster_node_timeout": 2_000}
    with redis_cluster(folder, **options) as cluster, ExitStack() as stack:
        _node(stack, folder, options).follow(cluster.nodes[0])
        yield cluster


def _node(stack: ExitStack, folder: Path, options: dict[str, Any]) -> Node:
    node = Node(folder, **options)
    stack.callback(node.stop)
    return node
