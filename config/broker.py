"""Redis as the broker that may go away: kombu's transport, but for one thing.

When Redis goes away while a worker holds a message, Celery closes its connection, and a channel of it may be closed once more
when its transport is gone already. kombu (5.7) then asks the transport that is gone for its host, to give the message back, and
the AttributeError ends the worker. There is nobody to give it back to, and nothing is lost: the rows in the database say
what is still to be done.
"""

from kombu.transport import redis


class QoS(redis.QoS):
    def restore_unacked(self, client=None):
        if self.channel.connection is None or self.channel.connection.client is None:
            self._delivered.clear()
            return
        super().restore_unacked(client)


class Channel(redis.Channel):
    QoS = QoS


class Transport(redis.Transport):
    Channel = Channel
